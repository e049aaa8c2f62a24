import Audit
import Foundation
import Testing

@testable import AuditLog

@Suite struct AuditFileTests {
    private let folder = FileManager.default.temporaryDirectory.appending(
        path: "sallyport-audit-\(UUID().uuidString)")
    private var path: String { folder.path() + "/audit.jsonl" }

    init() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    private func record(_ text: String) -> AuditRecord {
        var record = AuditRecord(.change)
        record[.text] = text
        return record
    }

    /// What is wrong in these files, one after the other.
    private func verify(_ names: String...) throws -> (count: Int, faults: [AuditChain.Fault]) {
        var chain = AuditChain()
        var faults: [AuditChain.Fault] = []
        for name in names {
            let data = try Data(contentsOf: folder.appending(path: name))
            #expect(data.last == UInt8(ascii: "\n"))
            faults += data.split(separator: UInt8(ascii: "\n")).compactMap { chain.take($0) }
        }
        return (chain.count, faults)
    }

    private func remove() { try? FileManager.default.removeItem(at: folder) }

    private func rename(_ name: String = "audit.jsonl", to other: String) throws {
        try FileManager.default.moveItem(at: folder.appending(path: name), to: folder.appending(path: other))
    }

    @Test func recordsAreAChain() throws {
        defer { remove() }
        for number in 1...20 { try AuditFile(path).append(record("\(number)")) }
        let (count, faults) = try verify("audit.jsonl")
        #expect(count == 20 && faults.isEmpty)
    }

    @Test func aNewFileContinuesTheChain() throws {
        defer { remove() }
        let file = AuditFile(path)
        for text in ["one", "two"] { try file.append(record(text)) }
        try rename(to: "audit.jsonl.1")
        for text in ["three", "four"] { try file.append(record(text)) }
        try rename("audit.jsonl.1", to: "audit.jsonl-20261130")
        try rename(to: "audit.jsonl.1")
        try file.append(record("five"))
        let (count, faults) = try verify("audit.jsonl-20261130", "audit.jsonl.1", "audit.jsonl")
        #expect(count == 5 && faults.isEmpty)
    }

    /// A process was killed after it had written a record, before the file beside it said so.
    @Test(arguments: [false, true]) func aRecordThatNobodyRemembersCounts(isRenamed: Bool) throws {
        defer { remove() }
        let file = AuditFile(path)
        let memory = folder.appending(path: "audit.jsonl.chain")
        try file.append(record("one"))
        let before = try Data(contentsOf: memory)
        try file.append(record("two"))
        try before.write(to: memory)
        if isRenamed { try rename(to: "audit.jsonl.1") }
        try file.append(record("three"))
        let (count, faults) =
            isRenamed ? try verify("audit.jsonl.1", "audit.jsonl") : try verify("audit.jsonl")
        #expect(count == 3 && faults.isEmpty)
    }

    /// A process was killed in the middle of a record.
    @Test func halfARecordIsNone() throws {
        defer { remove() }
        let file = AuditFile(path)
        try file.append(record("one"))
        let handle = try FileHandle(forWritingTo: URL(filePath: path))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data("{\"v\":1,\"seq\":2,\"ev".utf8))
        try handle.close()
        try file.append(record("two"))
        let (count, faults) = try verify("audit.jsonl")
        #expect(count == 2 && faults.isEmpty)
    }

    /// The same with the first one of a file.
    @Test func halfOfTheFirstRecordIsNone() throws {
        defer { remove() }
        try Data("{\"v\":1,\"ev".utf8).write(to: URL(filePath: path))
        try AuditFile(path).append(record("one"))
        let (count, faults) = try verify("audit.jsonl")
        #expect(count == 1 && faults.isEmpty)
    }

    /// Somebody has removed the last records: the next ones leave a gap.
    @Test func aFileThatWasCutOffHasAGap() throws {
        defer { remove() }
        let file = AuditFile(path)
        for number in 1...4 { try file.append(record("\(number)")) }
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let kept = text.split(separator: "\n").prefix(2).map { $0 + "\n" }.joined()
        try FileHandle(forWritingTo: URL(filePath: path)).truncate(atOffset: UInt64(kept.utf8.count))
        #expect(file.remembered?.sequence == 4)
        try file.append(record("5"))
        #expect(try verify("audit.jsonl").faults == [.missing(after: 2, before: 5)])
    }

    /// Somebody has changed the last record.
    @Test func aLastRecordThatWasChangedDoesNotCount() throws {
        defer { remove() }
        let file = AuditFile(path)
        for text in ["one", "two"] { try file.append(record(text)) }
        let text = try String(contentsOfFile: path, encoding: .utf8).replacing("two", with: "three")
        let handle = try FileHandle(forWritingTo: URL(filePath: path))
        try handle.truncate(atOffset: 0)
        try handle.write(contentsOf: Data(text.utf8))
        try handle.close()
        try file.append(record("next"))
        #expect(try verify("audit.jsonl").faults == [.changed(2)])
    }

    /// It was copied, and the copy took its place.
    @Test func aCopyIsContinued() throws {
        defer { remove() }
        let file = AuditFile(path)
        for text in ["one", "two"] { try file.append(record(text)) }
        try FileManager.default.copyItem(atPath: path, toPath: path + ".copy")
        try FileManager.default.removeItem(atPath: path)
        try rename("audit.jsonl.copy", to: "audit.jsonl")
        try file.append(record("three"))
        let (count, faults) = try verify("audit.jsonl")
        #expect(count == 3 && faults.isEmpty)
    }

    @Test func withoutItsMemoryTheFileSaysWhereItEnds() throws {
        defer { remove() }
        let file = AuditFile(path)
        for text in ["one", "two"] { try file.append(record(text)) }
        try FileManager.default.removeItem(at: folder.appending(path: "audit.jsonl.chain"))
        try file.append(record("three"))
        let (count, faults) = try verify("audit.jsonl")
        #expect(count == 3 && faults.isEmpty)
    }

    /// Whatever somebody has appended stays, for the verification to find.
    @Test func foreignLinesStay() throws {
        defer { remove() }
        let file = AuditFile(path)
        try file.append(record("one"))
        let handle = try FileHandle(forWritingTo: URL(filePath: path))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data("a note\n".utf8))
        try handle.close()
        try file.append(record("two"))
        let (count, faults) = try verify("audit.jsonl")
        #expect(count == 2 && faults == [.unreadable])
    }

    @Test func severalWritersTakeTurns() async throws {
        defer { remove() }
        await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<8 {
                group.addTask { [path] in
                    for number in 0..<25 {
                        var record = AuditRecord(.change)
                        record[.text] = "\(writer)/\(number)"
                        try AuditFile(path).append(record)
                    }
                }
            }
        }
        let (count, faults) = try verify("audit.jsonl")
        #expect(count == 200 && faults.isEmpty)
    }

    @Test func whatCannotBeWrittenIsSaid() throws {
        defer { remove() }
        #expect(throws: AuditFailure("/nowhere/audit.jsonl.chain: No such file or directory")) {
            try AuditFile("/nowhere/audit.jsonl").append(record("one"))
        }
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        #expect(throws: AuditFailure("\(path): Is a directory")) { try AuditFile(path).append(record("one")) }
    }

    /// A link could lead to somebody else's file.
    @Test func linksAreNotFollowed() throws {
        defer { remove() }
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "/etc/hostname")
        #expect(throws: AuditFailure("\(path): Too many levels of symbolic links")) {
            try AuditFile(path).append(record("one"))
        }
    }
}
