import Foundation
import SystemPackage
import Testing

@testable import QEMU

@Suite struct MachineFolderTests {
    /// A machine's end is noticed by those who have ended it, and by those who watch it.
    @Test func twoCanRemoveTheTracesAtOnce() async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "machine-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let folder = MachineFolder(path: FilePath(path))
        for _ in 0..<50 {
            for name in (0..<20).map({ "root/usr/\($0)" }) + ["emulator/x"] {
                try FileManager.default.createDirectory(
                    atPath: "\(path)/\(name)", withIntermediateDirectories: true)
            }
            try Data().write(to: URL(filePath: "\(path)/pidfile"))
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<4 { group.addTask { folder.removeTraces() } }
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: path).isEmpty)
        }
    }
}
