import Audit
import AuditLog
import ConfigurationFile
import Foundation
import Testing

@testable import AuditReading

@Suite struct AuditTrailTests {
    private let folder = FileManager.default.temporaryDirectory.appending(
        path: "sallyport-audit-\(UUID().uuidString)"
    ).path()
    private var configuration: Configuration {
        var configuration = Configuration(service: .init(url: "unix:/nowhere"))
        configuration.gateway.audit.file = folder + "/gateway.jsonl"
        configuration.gateway.audit.usesSystemLog = false
        configuration.runner.audit.file = folder + "/runner.jsonl"
        configuration.runner.audit.usesSystemLog = false
        return configuration
    }
    private let now = Date(timeIntervalSince1970: 1_800_000_000)

    init() throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    /// Days before now, a person and a job, in the files of both programs by turns.
    private func write(_ entries: [(days: Double, name: String, job: String)]) throws {
        for (index, entry) in entries.enumerated() {
            let isGateway = index.isMultiple(of: 2)
            let log = AuditLog(
                isGateway ? configuration.gateway.audit : configuration.runner.audit,
                program: isGateway ? "sallyport-shell" : "sallyport-runner", host: "h")
            var record = AuditRecord(.claim)
            record[.name] = entry.name
            record[.job] = entry.job
            try log.write(record, at: now.addingTimeInterval(-86_400 * entry.days))
        }
    }

    private func remove() { try? FileManager.default.removeItem(atPath: folder) }

    private func jobs(_ change: (inout AuditTrail.Question) -> Void) async throws -> [String?] {
        var question = AuditTrail.Question()
        change(&question)
        return try await AuditTrail(configuration).records(question).map { $0[.job] }
    }

    @Test func bothProgramsRecordsAreInOrder() async throws {
        defer { remove() }
        try write([(3, "alice", "1"), (4, "bob", "2"), (1, "alice", "3"), (2, "bob", "4")])
        #expect(try await jobs { _ in } == ["2", "1", "4", "3"])
        #expect(try await jobs { $0.person = "alice" } == ["1", "3"])
        #expect(try await jobs { $0.job = "4" } == ["4"])
        #expect(try await jobs { $0.since = now.addingTimeInterval(-2.5 * 86_400) } == ["4", "3"])
    }

    @Test func renamedAndCompressedFilesCount() async throws {
        defer { remove() }
        try write([(9, "alice", "1"), (8, "alice", "2")])
        try FileManager.default.moveItem(
            atPath: folder + "/gateway.jsonl", toPath: folder + "/gateway.jsonl.2")
        let compressing = try Process.run(
            URL(filePath: "/bin/gzip"), arguments: [folder + "/gateway.jsonl.2"])
        compressing.waitUntilExit()
        try write([(7, "alice", "3"), (6, "alice", "4")])
        #expect(try await jobs { _ in } == ["1", "2", "3", "4"])
        let verdicts = try await AuditTrail(configuration).verdicts()
        #expect(verdicts.map(\.records) == [2, 2])
        #expect(verdicts.flatMap(\.faults).isEmpty)
        #expect(verdicts[0].lines[0] == "\(folder)/gateway.jsonl: 2 records, 1 to 2")
    }

    @Test func aChangeIsNamedWithItsLine() async throws {
        defer { remove() }
        try write([(3, "alice", "1"), (3, "x", "x"), (2, "alice", "2"), (3, "x", "x"), (1, "alice", "3")])
        let path = folder + "/gateway.jsonl"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try text.replacing("\"2\"", with: "\"7\"").write(toFile: path, atomically: false, encoding: .utf8)
        let verdict = try await AuditTrail(configuration).verdicts()[0]
        #expect(verdict.faults == ["\(path), line 3: record 2 was changed after the next one was written"])
    }

    @Test func anEndThatWasCutOffIsNamed() async throws {
        defer { remove() }
        try write([(3, "alice", "1"), (3, "x", "x"), (2, "alice", "2"), (3, "x", "x"), (1, "alice", "3")])
        let path = folder + "/gateway.jsonl"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let kept = text.split(separator: "\n").prefix(1).map { $0 + "\n" }.joined()
        try kept.write(toFile: path, atomically: false, encoding: .utf8)
        let verdict = try await AuditTrail(configuration).verdicts()[0]
        #expect(verdict.faults == ["records 2 to 3, the last ones, are missing"])
    }

    @Test func whatCannotBeReadIsNamed() async throws {
        defer { remove() }
        try write([(3, "alice", "1"), (2, "alice", "2")])
        let path = folder + "/gateway.jsonl"
        try Data("no gzip".utf8).write(to: URL(filePath: path + ".2.gz"))
        #expect(mkfifo(path + ".3", 0o600) == 0)
        let verdict = try await AuditTrail(configuration).verdicts()[0]
        #expect(verdict.faults.count == 2 && verdict.records == 1, "\(verdict.faults)")
        #expect(verdict.faults.contains("\(path).3: this is no file"))
        #expect(try await jobs { _ in } == ["1", "2"])
    }

    @Test func aRecordingThatWasChangedIsNamed() async throws {
        defer { remove() }
        var configuration = configuration
        configuration.gateway.recording.folder = folder
        let contents = Data("[1,\"o\",\"x\"]\n".utf8)
        for session in ["aaa", "bbb"] {
            try contents.write(to: URL(filePath: "\(folder)/20261130T100000Z-\(session).cast"))
            var record = AuditRecord(.exit)
            record[.session] = session
            record[.recording] = AuditLink.hash(of: contents)
            try AuditLog(configuration.gateway.audit, program: "sallyport-shell", host: "h").write(record)
        }
        #expect(try await AuditTrail(configuration).verdicts().flatMap(\.faults).isEmpty)
        let changed = "\(folder)/20261130T100000Z-bbb.cast"
        try Data("[1,\"o\",\"y\"]\n".utf8).write(to: URL(filePath: changed))
        #expect(
            try await AuditTrail(configuration).verdicts().flatMap(\.faults)
                == ["\(changed): this recording was changed after its session had ended"])
    }

    @Test func onlyOldRenamedFilesAreRemoved() async throws {
        defer { remove() }
        for (number, days) in [(3, 800.0), (2, 500), (1, 100)] {
            try write([(days, "alice", "\(number)")])
            try FileManager.default.moveItem(
                atPath: folder + "/gateway.jsonl", toPath: folder + "/gateway.jsonl.\(number)")
        }
        try write([(400, "alice", "0")])
        let removed = try await AuditTrail(configuration).removeOldFiles(at: now)
        #expect(Set(removed) == ["\(folder)/gateway.jsonl.2", "\(folder)/gateway.jsonl.3"])
        let verdict = try await AuditTrail(configuration).verdicts()[0]
        #expect(verdict.first == 3 && verdict.faults.isEmpty)
        #expect(verdict.lines[0].hasSuffix("3 to 4; those before have been removed"))
    }

    @Test func theJournalsEntriesAreRead() {
        let entries = """
            {"MESSAGE":"@cee: {\\"event\\":\\"login\\",\\"v\\":1}","SALLYPORT_EVENT":"login"}
            {"MESSAGE":"something else"}
            {"MESSAGE":[1,2,3]}

            """
        #expect(AuditJournal.records(in: Array(entries.utf8)).map { $0[.event] } == ["login"])
    }
}
