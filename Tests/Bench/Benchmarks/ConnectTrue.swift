/// The shortest command on a builder: almost all of its time is the login.
enum ConnectTrue {
    static func measure(_ stage: Stage, _ report: Report) async throws {
        try await Comparison(
            contenders: [
                Contender(name: "plain-ssh", arguments: stage.ssh("builder", "true")),
                Contender(name: "connect-true", arguments: stage.ssh("builds", "connect", stage.job, "true")),
                Contender(name: "connect-true-jump", arguments: stage.ssh("-J", "stray", "builder", "true")),
                Contender(
                    name: "connect-true-python", arguments: stage.ssh("python", "connect", stage.job, "true")),
            ], rounds: 25, unit: "ms", value: { $0 * 1000 }
        ).run(stage.scratch, report)
    }
}
