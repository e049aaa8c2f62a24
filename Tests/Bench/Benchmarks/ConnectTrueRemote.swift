import Foundation
import TestBed

/// The shortest command on a builder that is a millisecond away: what each round trip costs.
enum ConnectTrueRemote {
    static func measure(_ stage: Stage, _ report: Report) async throws {
        let job = try await stage.failedJob(
            image: Scratch.distantImage,
            script: "cat '\(stage.testBed.client)/\(Stage.person).pub' >> authorized_keys; exit 1")
        let builder = try await Operator(testBed: stage.testBed).job(job).builder
        guard let builder, let port = builder.port else { throw TestBedError("job \(job) has no builder") }
        let configuration = try configuration(stage, port, builder.hostKeys)
        try await Comparison(
            contenders: [
                Contender(
                    name: "plain-ssh-remote", arguments: ["ssh", "-F", configuration, "distant", "true"]),
                Contender(
                    name: "connect-true-remote", arguments: stage.ssh("builds", "connect", job, "true")),
            ], rounds: 25, unit: "ms", value: { $0 * 1000 }
        ).run(stage.scratch, report)
    }

    /// The stage's, and one more host.
    private static func configuration(
        _ stage: Stage, _ port: UInt16, _ hostKeys: [String]
    ) throws -> String {
        let files = (
            configuration: stage.scratch.folder + "/ssh_config_distant",
            knownHosts: stage.scratch.folder + "/known_hosts_distant"
        )
        try hostKeys.map { "distant \($0)\n" }.joined().write(
            toFile: files.knownHosts, atomically: false, encoding: .utf8)
        try """
        Host distant
            HostName \(LoopbackMachine.distantAddress)
            Port \(port)
            HostKeyAlias distant
            UserKnownHostsFile \(files.knownHosts)
            IdentityFile \(stage.testBed.client)/\(Stage.person)
        Include \(stage.configuration)

        """.write(toFile: files.configuration, atomically: false, encoding: .utf8)
        return files.configuration
    }
}
