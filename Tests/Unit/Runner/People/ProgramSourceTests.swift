import Foundation
import KeyForms
import TestSupport
import Testing

@testable import Runner

/// Real programs: scripts of sh(1). They have a long time, because the machine may be busy.
@Suite("People from a program")
struct ProgramSourceTests {
    private func source(_ script: String, limit: Duration = .seconds(80)) -> ProgramSource {
        ProgramSource(words: ["/bin/sh", "-c", script, "people"], limit: limit)
    }

    @Test("it reads one question as JSON, and gets nothing from the runner's environment")
    func question() async throws {
        let script = """
            read -r question
            [ "$(env | cut -d = -f 1 | grep -vx -e PWD -e SHLVL -e _ | sort | tr '\\n' ' ')" = "LC_ALL PATH " ] || exit 7
            case $question in
            '{"name":"alice"}') printf '{"name": "alice", "keys": ["\(TestService.aliceKey)"]}' ;;
            '{"fingerprint":"\(TestService.bobFingerprint)"}') printf '{"name": "bob", "keys": []}' ;;
            '{"name":"carol"}') printf '{"name": "alice", "keys": []}' ;;
            '{"name":"dave"}' | '{"fingerprint":"\(TestService.aliceFingerprint)"}') echo '{}' ;;
            *) exit 3 ;;
            esac
            """
        let source = source(script)
        let alice = try await source.person(named: "alice")
        #expect(alice?.keys.map(\.line) == [TestService.aliceKey])
        guard case .person(let bob) = try await source.holder(of: TestService.bobFingerprint) else {
            Issue.record("nobody has the key")
            return
        }
        #expect(bob.name == "bob")
        #expect(try await source.person(named: "dave") == nil)
        guard case .nobody = try await source.holder(of: TestService.aliceFingerprint) else {
            Issue.record("someone has the key")
            return
        }
        // An answer about someone else.
        await #expect(throws: SourceFailure.self) { try await source.person(named: "carol") }
    }

    @Test(
        "what fails is no answer",
        arguments: [
            ("exit 1", "exited(1)"), ("read -r question; exit 1", "exited(1)"), ("exit 2", "exited(2)"),
            (#"echo '{"name": "alice", "keys": ["Try again later.", "Sorry."]}'"#, "no key in it"),
            ("kill -9 $$", "signaled"),
            ("echo 'no directory' >&2; exit 1", "no directory"),
            ("echo '{}'; exit 1", "exited(1)"), ("exit 0", "not as described"),
            ("head -c 2000000 /dev/zero", "1048576"),
        ])
    func failures(script: String, cause: String) async throws {
        let failure = await #expect(throws: SourceFailure.self) {
            try await source(script).person(named: "alice")
        }
        #expect(failure?.cause.contains(cause) == true, "\(String(describing: failure))")
        let missing = ProgramSource(words: ["/nowhere/people"])
        await #expect(throws: SourceFailure.self) { try await missing.person(named: "alice") }
    }

    @Test("one that hangs is killed, with what it has started")
    func hanging() async throws {
        let folder = TestService.makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let script = "sleep 600 & echo $! >\(folder)/pid; wait"
        let failure = await #expect(throws: SourceFailure.self) {
            try await source(script, limit: .milliseconds(500)).person(named: "alice")
        }
        #expect(failure?.cause.contains("no answer within 0.5 seconds") == true)
        let text = try String(contentsOfFile: "\(folder)/pid", encoding: .utf8)
        let pid = try #require(pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)))
        try await waitUntilGone(pid)
    }
}
