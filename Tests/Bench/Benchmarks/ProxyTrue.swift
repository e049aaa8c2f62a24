/// The shortest command on a builder with the person's own ssh, whose connection the gateway carries.
enum ProxyTrue {
    static func measure(_ stage: Stage, _ report: Report) async throws {
        try await Comparison(
            contenders: [
                Contender(name: "proxy-plain-ssh", arguments: stage.ssh("builder", "true")),
                Contender(name: "proxy-true", arguments: stage.ssh("proxied", "true")),
                Contender(name: "proxy-true-jump", arguments: stage.ssh("-J", "stray", "builder", "true")),
            ], rounds: 25, unit: "ms", value: { $0 * 1000 }
        ).run(stage.scratch, report)
    }
}
