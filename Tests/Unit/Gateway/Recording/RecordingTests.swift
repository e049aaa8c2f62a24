import AuthorizedKeys
import BuildAPI
import ConfigurationFile
import EventLoop
import Foundation
import SSHClient
import Testing

@testable import Gateway

@Suite struct RecordingTests {
    private let folder = FileManager.default.temporaryDirectory.appending(
        path: "sallyport-recording-\(UUID().uuidString)"
    ).path()
    private let size = TerminalSize(columns: 80, rows: 24)
    private let start = Instant(nanoseconds: 1_000_000_000)

    init() throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    private func settings(limit: Int = 1 << 20) -> Configuration.Recording {
        var settings = Configuration.Recording()
        settings.folder = folder
        settings.limit = limit
        return settings
    }

    private func recording(limit: Int = 1 << 20) throws -> SessionRecording {
        try SessionRecording(
            settings(limit: limit), session: "s", size: size, type: "xterm", title: "job 1, alice", at: start,
            on: Date(timeIntervalSince1970: 1_800_000_000))
    }

    private func remove() { try? FileManager.default.removeItem(atPath: folder) }

    private func bytes(_ bytes: [UInt8], _ take: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        try bytes.withUnsafeBytes { try take($0) }
    }

    private func lines() throws -> [String] {
        try String(contentsOfFile: "\(folder)/20270115T080000Z-s.cast", encoding: .utf8)
            .split(separator: "\n").map(String.init)
    }

    @Test func whatWasShownAndWhen() throws {
        defer { remove() }
        let recording = try recording()
        try bytes(Array("a\u{1b}[31m\"\\\r\n".utf8)) {
            try recording.output($0, at: start + .milliseconds(1005))
        }
        try recording.resize(TerminalSize(columns: 100, rows: 50), at: start + .seconds(62))
        let hash = try #require(recording.end())
        #expect(
            try lines() == [
                #"{"env":{"TERM":"xterm"},"height":24,"timestamp":1800000000,"title":"job 1, alice","version":2,"width":80}"#,
                #"[1.005,"o","a\u001b[31m\"\\\r\n"]"#, #"[62.000,"r","100x50"]"#,
            ])
        let file = try Data(contentsOf: URL(filePath: "\(folder)/20270115T080000Z-s.cast"))
        #expect(hash == SHA256.digest(of: Array(file)).map { String(format: "%02x", $0) }.joined())
        #expect(recording.end() == nil)
    }

    /// The bytes of a character can come one by one.
    @Test(arguments: ["é", "€", "𝄞", "a€b", "日本語"]) func charactersStayWhole(text: String) throws {
        defer { remove() }
        let recording = try recording()
        for byte in text.utf8 { try bytes([byte]) { try recording.output($0, at: start) } }
        recording.end()
        let shown = try lines().dropFirst().map { line in
            let event = try #require(
                try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [Any])
            return try #require(event[2] as? String)
        }
        #expect(shown.joined() == text && !shown.contains { $0.contains("\u{fffd}") })
    }

    /// Nothing that a program prints keeps players from the rest.
    @Test(
        arguments: [[0xff], [0x80, 0x41], [0xc3, 0x28], [0xf0, 0x9f, 0x41, 0x42], [0xc0, 0xc0, 0xc0]]
            as [[UInt8]])
    func otherBytesAreReplaced(hostile: [UInt8]) throws {
        defer { remove() }
        let recording = try recording()
        try bytes(hostile) { try recording.output($0, at: start) }
        try bytes(Array("end".utf8)) { try recording.output($0, at: start) }
        recording.end()
        for line in try lines() { _ = try JSONSerialization.jsonObject(with: Data(line.utf8)) }
        #expect(try lines().last?.contains("end") == true)
    }

    @Test func oneThatIsFullEndsWithAWholeLine() throws {
        defer { remove() }
        let recording = try recording(limit: 300)
        try bytes(Array("first".utf8)) { try recording.output($0, at: start) }
        #expect(throws: SessionRecording.Failure.full) {
            try bytes([UInt8](repeating: 0x61, count: 300)) { try recording.output($0, at: start) }
        }
        #expect(recording.end() != nil)
        #expect(try lines().last == #"[0.000,"o","first"]"#)
    }

    @Test func oneThatShowsNothingLeavesNothing() throws {
        defer { remove() }
        #expect(try recording().end() == nil)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
    }

    @Test func aFolderThatIsMissingIsNamed() throws {
        remove()
        #expect(
            throws: SessionRecording.Failure.unwritable(
                "\(folder)/20270115T080000Z-s.cast: No such file or directory")
        ) { try recording() }
    }

    @Test func oldOnesAreRemovedAndNothingElse() throws {
        defer { remove() }
        for (name, days) in [("old.cast", 91.0), ("new.cast", 89), ("old.txt", 400)] {
            let path = "\(folder)/\(name)"
            try Data().write(to: URL(filePath: path))
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -86_400 * days)], ofItemAtPath: path)
        }
        let recording = try SessionRecording(
            settings(), session: "s", size: size, type: "xterm", title: "", at: start)
        recording.end()
        #expect(Set(try FileManager.default.contentsOfDirectory(atPath: folder)) == ["new.cast", "old.txt"])
    }

    @Test func allTogetherHaveALimit() throws {
        defer { remove() }
        var settings = settings()
        settings.size = 10
        try Data(repeating: 0x61, count: 10).write(to: URL(filePath: "\(folder)/x.cast"))
        #expect(throws: SessionRecording.Failure.noRoom) {
            try SessionRecording(settings, session: "s", size: size, type: "xterm", title: "", at: start)
        }
    }

    /// Pools are named; the one without a name is this host's own.
    @Test(
        arguments: [
            (Configuration.Recording.Scope.none, nil, false), (.all, nil, true), (.all, "lab", true),
            (.pools(["local"]), nil, true), (.pools(["local"]), "lab", false), (.pools(["lab"]), "lab", true),
        ] as [(Configuration.Recording.Scope, String?, Bool)])
    func scopes(scope: Configuration.Recording.Scope, pool: String?, isRecorded: Bool) {
        let session = TestSession(on: EventLoop()) { $0.gateway.recording.scope = scope }
        var job = Fixture.job()
        job.pool = pool
        #expect(session.context.records(job) == isRecorded)
        // One that has attached itself is in no pool.
        job.pool = nil
        job.attached = .init(from: "192.0.2.7", key: "SHA256:k")
        #expect(session.context.records(job) == (scope == .all))
    }

    @Test(arguments: [true, false]) func whatCannotBeRecordedIsRefused(permitsBypass: Bool) {
        let session = TestSession(on: EventLoop()) {
            $0.gateway.recording.scope = .all
            $0.gateway.recording.permitsBypass = permitsBypass
        }
        for isProxy in [true, false] {
            let refused = (try? session.context.requireRecordable(Fixture.job(), isProxy: isProxy)) == nil
            #expect(refused == !permitsBypass)
        }
    }
}
