/// 10^9 bytes from the builder's stdout to /dev/null at the client.
enum ConnectGigabyte {
    static func measure(_ stage: Stage, _ report: Report) async throws {
        let command = "head -c 1000000000 /dev/zero"
        try await Comparison(
            contenders: [
                Contender(name: "plain-ssh-1gb", arguments: stage.ssh("builder", command)),
                Contender(name: "connect-1gb", arguments: stage.ssh("builds", "connect", stage.job, command)),
                Contender(name: "connect-1gb-jump", arguments: stage.ssh("-J", "stray", "builder", command)),
                Contender(
                    name: "connect-1gb-python", arguments: stage.ssh("python", "connect", stage.job, command)),
            ], rounds: 4, unit: "s", value: { $0 }
        ).run(stage.scratch, report)
    }
}
