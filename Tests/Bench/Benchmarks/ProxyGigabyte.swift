/// 10^9 bytes from the builder's stdout to /dev/null at the client, whose own ssh connection the gateway carries.
enum ProxyGigabyte {
    static func measure(_ stage: Stage, _ report: Report) async throws {
        let command = "head -c 1000000000 /dev/zero"
        try await Comparison(
            contenders: [
                Contender(name: "proxy-plain-ssh-1gb", arguments: stage.ssh("builder", command)),
                Contender(name: "proxy-1gb", arguments: stage.ssh("proxied", command)),
                Contender(name: "proxy-1gb-jump", arguments: stage.ssh("-J", "stray", "builder", command)),
            ], rounds: 4, unit: "s", value: { $0 }
        ).run(stage.scratch, report)
    }
}
