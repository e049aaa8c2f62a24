/// The shortest command on a machine that has dialled the gateway, compared with `ssh -R` by hand and `ssh -J` into it.
enum AttachConnect {
    static func measure(_ machine: AttachedMachine, _ report: Report) async throws {
        let stage = machine.stage
        try await Comparison(
            contenders: [
                Contender(name: "attach-by-hand", arguments: machine.reversed("true")),
                Contender(
                    name: "attach-connect", arguments: stage.ssh("builds", "connect", machine.job, "true")),
                Contender(name: "attach-proxy", arguments: machine.proxied("true")),
            ], rounds: 25, pause: .milliseconds(500), unit: "ms", value: { $0 * 1000 }
        ).run(stage.scratch, report)
    }
}
