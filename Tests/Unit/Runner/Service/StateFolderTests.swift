import Foundation
import Testing

@testable import Runner

@Suite("The state folder")
struct StateFolderTests {
    @Test("what everyone could read, nobody else can afterwards, and it is said once")
    func tighten() throws {
        let folder = TestService.makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let manager = FileManager.default
        func mode(_ name: String) throws -> Int {
            try #require(
                manager.attributesOfItem(atPath: "\(folder)/\(name)")[.posixPermissions] as? Int)
        }
        let state = try StateFolder(folder)
        for name in ["runner.sqlite", "runner.sqlite-wal", "other"] {
            #expect(manager.createFile(atPath: "\(folder)/\(name)", contents: Data()))
        }
        for (name, mode) in [
            ("runner.sqlite", 0o644), ("runner.sqlite-wal", 0o640), ("logs", 0o755), ("other", 0o644),
        ] { #expect(chmod("\(folder)/\(name)", mode_t(mode)) == 0) }
        #expect(
            state.tighten() == [
                "\(folder)/runner.sqlite was open to every user (mode 644); now it is not",
                "\(folder)/logs was open to every user (mode 755); now it is not",
            ])
        #expect(try mode("runner.sqlite") == 0o640 && mode("runner.sqlite-wal") == 0o640)
        #expect(try mode("logs") == 0o750 && mode("other") == 0o644)
        #expect(state.tighten() == [])
    }
}
