import Foundation
import Provider
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

    /// The next allocation of a job has the same folder: whoever finds or releases the one before leaves its machine alone.
    @Test func aMachineIsItsAllocationsAlone() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "machine-\(UUID())").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let before = try #require(AllocationID("7-a"))
        let next = try #require(AllocationID("7-b"))
        #expect(MachineRecord.isFree(for: before, FilePath(path)))
        try MachineRecord(hostKeys: [], identity: "/i", allocation: "\(next)")
            .write(to: MachineFolder(path: FilePath(path)))
        #expect(!MachineRecord.isFree(for: before, FilePath(path)))
        #expect(MachineRecord.isFree(for: next, FilePath(path)))
    }
}
