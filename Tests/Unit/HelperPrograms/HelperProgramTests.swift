import Foundation
import TestSupport
import Testing

@testable import HelperPrograms

/// Real programs: scripts of sh(1). They have a long time, because the machine may be busy.
@Suite("A helper program") struct HelperProgramTests {
    private func program(_ script: String, limit: Duration = .seconds(80), grace: Duration = .zero)
        -> HelperProgram
    {
        HelperProgram(
            words: ["/bin/sh", "-c", script, "helper"], environment: ["WORD": "a b"], outputLimit: 1000,
            limit: limit, grace: grace)
    }

    @Test("it reads its input, inherits nothing, and what it says arrives line by line")
    func outcome() async throws {
        let (said, continuation) = AsyncStream<String>.makeStream()
        let outcome = try await program(
            """
            read -r line; echo "got $line"; echo one >&2; printf two >&2
            env | cut -d = -f 1 | grep -vx -e PWD -e SHLVL -e _ | sort | tr '\\n' ' '
            exit 7
            """
        ).run(reading: Array("question\n".utf8)) { continuation.yield($0) }
        continuation.finish()
        #expect(outcome.status == .exited(7))
        #expect(String(decoding: outcome.output, as: UTF8.self) == "got question\nLC_ALL PATH WORD ")
        #expect(outcome.errors == "one\ntwo")
        #expect(outcome.lastWords == "two (status 7)")
        #expect(await said.reduce(into: []) { $0.append($1) } == ["one", "two"])
    }

    @Test("what it does not read, and what it leaves running, does no harm")
    func rest() async throws {
        let ignored = try await program("kill -KILL $$").run(reading: [UInt8](repeating: 32, count: 60_000))
        #expect(ignored.status == .signaled(9))
        #expect(ignored.lastWords == "signal 9")
        let left = try await program("sleep 600 & echo $!; echo said >&2").run(reading: [])
        #expect(left.status == .exited(0))
        #expect(left.errors == "said\n")
        let pid = try #require(
            pid_t(String(decoding: left.output, as: UTF8.self).trimmingCharacters(in: .newlines)))
        #expect(kill(pid, SIGKILL) == 0)
        for script in ["head -c 2000 /dev/zero", "exec /nowhere/program"] {
            let outcome = try? await program(script).run(reading: [])
            #expect(outcome?.status != .exited(0))
        }
        await #expect(throws: HelperProgram.Failure.self) {
            try await HelperProgram(words: ["/nowhere/program"], outputLimit: 10, limit: .seconds(80)).run(
                reading: [])
        }
    }

    @Test(
        "one that takes too long is ended with its group: first asked, then killed", arguments: [true, false])
    func limit(obeys: Bool) async throws {
        let script = """
            trap '\(obeys ? "echo asked >&2; exit 3" : "")' TERM
            (trap '' TERM; exec sleep 600) & echo "$!" >&2
            while :; do sleep 0.05; done
            """
        let (said, continuation) = AsyncStream<String>.makeStream()
        await #expect(throws: HelperProgram.Failure.noAnswer(within: .seconds(1))) {
            try await program(script, limit: .seconds(1), grace: .milliseconds(obeys ? 60_000 : 300)).run(
                reading: []) {
                    continuation.yield($0)
                }
        }
        continuation.finish()
        let lines = await said.reduce(into: []) { $0.append($1) }
        try await waitUntilGone(try #require(lines.first.flatMap { pid_t($0) }))
    }

    @Test("one that is given up is ended")
    func cancellation() async throws {
        let (said, continuation) = AsyncStream<String>.makeStream()
        let running = Task {
            try await program("echo $$ >&2; exec sleep 600").run(reading: []) { continuation.yield($0) }
        }
        var lines = said.makeAsyncIterator()
        let pid = try #require(await lines.next().flatMap { pid_t($0) })
        running.cancel()
        await #expect(throws: HelperProgram.Failure.cancelled) { try await running.value }
        try await waitUntilGone(pid)
    }

    @Test("one that ends with us is started by a parent that lives")
    func bound() async throws {
        var program = program("echo ran")
        program.endsWithUs = true
        let outcome = try await program.run(reading: [])
        #expect(outcome.status == .exited(0))
        #expect(outcome.output == Array("ran\n".utf8))
    }
}
