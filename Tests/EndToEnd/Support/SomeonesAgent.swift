import Subprocess
import TestBed
import Testing

/// Alice's ssh-agent on the client's side, with a key that exists nowhere else.
struct SomeonesAgent: Sendable {
    /// As `ssh-add -L` shows it.
    let key: String
    private let socket: String
    private let process: RunningCommand

    /// The options with which ssh forwards it.
    var options: [String] { ["-A"] + unlentOptions }
    /// The same agent, which ssh uses but does not forward.
    var unlentOptions: [String] { ["-o", "IdentityAgent=\(socket)"] }

    /// It ends with its parent, in every case: when its standard input ends.
    private static let program = """
        exec 3<&0
        ssh-agent -D -a "$0" 3<&- &
        agent=$!
        cat <&3 >/dev/null &
        trap "kill $agent $! 2>/dev/null" EXIT
        trap exit TERM
        wait $!
        """

    /// Ends it after `body`, unless that has done so.
    static func with(_ testBed: TestBed, _ body: @Sendable (SomeonesAgent) async throws -> Void) async throws
    {
        let name = "agent-\(UInt32.random(in: 0...UInt32.max))"
        let socket = "\(testBed.client)/\(name).socket"
        _ = try await Command.start(["sh", "-c", program, socket], deadline: .seconds(180)) { process in
            try await process.output.wait(for: "SSH_AUTH_SOCK=")
            try await testBed.makeKey(name, ["-t", "ed25519", "-C", name])
            let added = try await Command.run(
                ["env", "SSH_AUTH_SOCK=\(socket)", "ssh-add", "\(testBed.client)/\(name)"])
            await expect(added, status: 0, in: testBed)
            let key = "\(try await testBed.publicKey(name)) \(name)\n"
            try await body(SomeonesAgent(key: key, socket: socket, process: process))
            process.send(.terminate)
        }
    }

    func end() async {
        process.send(.terminate)
        await process.output.waitForEnd()
    }
}
