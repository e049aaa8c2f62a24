/// 10^9 bytes from the stdout of a machine that has dialled the gateway to /dev/null at the client.
enum AttachGigabyte {
    static let command = "head -c 1000000000 /dev/zero"

    static func measure(_ machine: AttachedMachine, _ report: Report) async throws {
        try await Comparison(
            contenders: [
                Contender(name: "attach-1gb-by-hand", arguments: machine.reversed(command)),
                Contender(name: "attach-1gb", arguments: machine.proxied(command)),
            ], rounds: 4, unit: "s", value: { $0 }
        ).run(machine.stage.scratch, report)
    }
}
