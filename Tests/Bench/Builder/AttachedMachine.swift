import Foundation
import Subprocess
import TestBed

/// A machine that has dialled the gateway with `sallyport-attach`, and the same machine as people make it reachable without
/// us: with `ssh -R` to a stock sshd.
struct AttachedMachine: Sendable {
    let stage: Stage
    let job: String
    private let known: String

    /// The command line of ssh to the machine through `proxy`, as its own user.
    func proxied(_ words: String...) -> [String] {
        stage.ssh(
            "-o", "ProxyCommand=\(stage.ssh("builds", "proxy", job).joined(separator: " "))", "-o",
            "UserKnownHostsFile=\(known)", "-o", "HostKeyAlias=attached", "-o",
            "IdentityFile=\(stage.testBed.client)/\(Stage.person)", "-o", "User=\(NSUserName())", "attached")
            + words
    }

    /// The same machine through a port that `ssh -R` has opened on the gateway, and as the same user: some shells read files.
    func reversed(_ words: String...) -> [String] { stage.ssh("-l", NSUserName(), "reversed") + words }

    /// The line that starts the script; then come its options.
    static func script(_ stage: Stage, _ words: String...) -> [String] {
        ["sh", stage.script, "builds", "--ssh-config", stage.configuration] + words
    }

    /// The job whose number the script has printed.
    static func job(of command: RunningCommand) async throws -> String {
        try await command.errors.wait(for: " connect ")
        try await command.errors.wait(for: "If nobody comes")
        let text = await command.errors.text
        guard let job = text.firstMatch(of: #/ connect (\d+)\n/#) else {
            throw TestBedError("the script has printed no job", log: text)
        }
        return String(job.1)
    }

    /// Runs `body` while the machine is attached.
    static func with(
        _ stage: Stage, _ body: @Sendable (AttachedMachine) async throws -> Void
    ) async throws {
        let reverse = stage.ssh(
            "-N", "-o", "ExitOnForwardFailure=yes", "-R",
            "127.0.0.1:\(stage.reversedPort):127.0.0.1:\(stage.builderPort)", "stray")
        _ = try await Command.start(reverse, deadline: .seconds(300)) { reversing in
            _ = try await Command.start(script(stage, "--", "false"), deadline: .seconds(300)) { command in
                let job = try await job(of: command)
                let hostKeys = try await Operator(testBed: stage.testBed).job(job).builder?.hostKeys ?? []
                let known = stage.scratch.folder + "/known_attached"
                try hostKeys.map { "attached \($0)\n" }.joined()
                    .write(toFile: known, atomically: false, encoding: .utf8)
                try await body(AttachedMachine(stage: stage, job: job, known: known))
                _ = try await Command.run(stage.ssh("builds", "release", "--yes", job))
            }
            reversing.send(.terminate)
        }
    }
}
