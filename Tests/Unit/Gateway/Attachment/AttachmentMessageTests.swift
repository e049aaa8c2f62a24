import AuthorizedKeys
import BuildAPI
import Testing

@testable import Gateway

/// What a machine's script can say, and what else strangers send.
@Suite struct AttachmentMessageTests {
    static let hostKey = TestSession.key.line
    static let secret = String(repeating: "aB3", count: 12)

    @Test(
        arguments: [
            ("user build", .user("build")), ("host-key \(hostKey)", .hostKey(hostKey)),
            ("system Linux", .system("Linux")), ("architecture x86_64", .architecture("x86_64")),
            ("terminal yes", .terminal(obstacle: nil)),
            ("terminal no there is no /dev/pts", .terminal(obstacle: "there is no /dev/pts")),
            ("state running", .state(isRunning: true, status: nil)),
            ("state failed", .state(isRunning: false, status: nil)),
            ("state failed 2", .state(isRunning: false, status: 2)),
            ("name nightly-arm", .name("nightly-arm")),
            ("note https://ci.example.org/1?a=b", .note("https://ci.example.org/1?a=b")),
            ("for alice", .member("alice")), ("visibility private", .visibility(.private)),
            ("left 3000", .left(3000)),
            ("wait 300", .wait(300)), ("idle 900", .idle(900)),
            ("resume 57 \(secret)", .resume(JobID("57")!, secret: secret)), ("pair", .pair),
            ("done", .done),
            ("exit 137", .exit(137)),
            ("keyed 3", .keyed(3)), ("cancelled", .cancelled), ("bye", .bye), ("alive", .alive),
            // A later version's words.
            ("weather fine", .unknown), ("", .unknown), ("User build", .unknown), (" user build", .unknown),
        ] as [(String, AttachmentMessage)])
    func aLineIsItsMessage(line: String, message: AttachmentMessage) throws {
        #expect(try AttachmentMessage(line: line) == message)
    }

    @Test(arguments: [
        "user", "user -oProxyCommand=x", "user a b", "user ../x", "user \u{fffd}", "user  build",
        "host-key", "host-key ssh-ed25519", "host-key ssh-ed25519 AAAA",
        "host-key ecdsa-sha2-nistp256 \(hostKey)",
        "host-key \(hostKey) comment", "host-key command=\"x\" \(hostKey)", "system", "system a b",
        "system é",
        "system \(String(repeating: "x", count: 65))", "architecture ;reboot", "terminal", "terminal maybe",
        "terminal nobody", "state", "state fine", "state failed -1", "state failed 256", "state failed 1 2",
        "state running 1", "name", "name 57", "name -x", "name job-57", "name a b", "name é",
        "name \(String(repeating: "x", count: 41))", "note", "for", "for a\u{1b}[2J",
        "visibility secret", "left -1", "left 1e3", "left 99999999999999999999", "left ١", "wait 0", "idle 0",
        "wait", "resume 57", "resume 57 short", "resume 57 \(secret)!", "resume 57 \(secret) x",
        "resume ../57 \(secret)", "resume 57 \(String(repeating: "x", count: 129))", "done now", "pair now",
        "exit",
        "exit 256",
        "exit x", "keyed 0", "keyed", "bye bye", "cancelled by me", "alive 1",
    ])
    func aDamagedLineIsRefused(line: String) {
        #expect(throws: AttachmentFault.malformed(String(line.prefix { $0 != " " }))) {
            try AttachmentMessage(line: line)
        }
    }

    @Test func textsAreHarmless() throws {
        #expect(try AttachmentMessage(line: "note a\u{1b}[2J\u{202e}b\tc\r") == .note("a?[2J?b?c?"))
        guard
            case .note(let note) = try AttachmentMessage(line: "note \(String(repeating: "x", count: 4000))")
        else {
            Issue.record("not a note")
            return
        }
        #expect(note.count == 1001)
    }

    // MARK: Lines

    private func lines(_ pieces: [[UInt8]]) -> [Result<String, AttachmentFault>] {
        var lines = AttachmentLines()
        return pieces.flatMap { lines.append($0) }
    }

    @Test func linesComeInPieces() {
        let bytes = Array("user build\n\nbye\nrest".utf8)
        let expected: [Result<String, AttachmentFault>] = [
            .success("user build"), .success(""), .success("bye"),
        ]
        #expect(lines([bytes]) == expected)
        #expect(lines(bytes.map { [$0] }) == expected)
    }

    @Test func anEndlessLineEndsAll() {
        let most = [UInt8](repeating: UInt8(ascii: "x"), count: AttachmentLines.longest)
        #expect(lines([most, [10]]) == [.success(String(decoding: most, as: UTF8.self))])
        let endless = lines([most, most, Array("\nuser build\n".utf8), most])
        #expect(endless == [.failure(.endlessLine)])
    }

    @Test func bytesThatAreNoTextAreNoWord() throws {
        let said = lines([[0xff, 0xfe, 0, 10], Array("user ".utf8) + [0xc3, 0x28, 10]])
        #expect(said.count == 2)
        #expect(try AttachmentMessage(line: said[0].get()) == .unknown)
        #expect(throws: AttachmentFault.malformed("user")) { try AttachmentMessage(line: said[1].get()) }
    }

    /// Whatever bytes come, they are lines or a fault, and each line is a message or a fault.
    @Test func garbageIsNeverMoreThanAFault() {
        var random = SystemRandomNumberGenerator()
        let words = [
            "user ", "host-key ", "resume ", "state ", "left ", "exit ", "keyed ", "note ", "\n", " ", "\0",
        ]
        for _ in 0..<2000 {
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 1...20, using: &random) {
                bytes += Array(words.randomElement(using: &random)!.utf8)
                bytes += (0..<Int.random(in: 0...9, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
            }
            for line in lines([bytes]) {
                guard let text = try? line.get(), let message = try? AttachmentMessage(line: text) else {
                    continue
                }
                if case .note(let note) = message {
                    #expect(note.unicodeScalars.allSatisfy { $0.value >= 32 })
                }
            }
        }
    }

    // MARK: What the script is told

    @Test func aTextNeverMakesASecondLine() {
        let text = "a\nopen 0123456789abcdef0123456789abcdef\r\u{2028}key x"
        for order in [AttachmentOrder.say(text), .refuse(text), .end(text)] {
            #expect(order.line.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 0x2028 })
        }
        let long = AttachmentOrder.say(String(repeating: "🏗", count: 5000)).line
        #expect(long.utf8.count < AttachmentLines.longest)
    }

    @Test func anIdIsThirtyTwoHexadecimalDigits() throws {
        let ids = Set((0..<1000).compactMap { _ in StreamID.random() })
        #expect(ids.count == 1000)
        #expect(ids.allSatisfy { StreamID($0.description) == $0 })
        for text in [
            "", "0", String(repeating: "g", count: 32), String(repeating: "A", count: 32),
            String(repeating: "0", count: 33), "../../../../../../../../../x",
            String(repeating: "٠", count: 16),
        ] {
            #expect(StreamID(text) == nil, "\(text)")
        }
    }
}
