/// Successful logins per second, while eight clients log in repeatedly.
///
/// The stock sshd runs `true` for a key in a file. Our gateway asks the service twice and prints the greeting: the
/// shortest possible session, without a builder.
enum Logins {
    private static let count = 24

    static func measure(_ stage: Stage, _ report: Report) async throws {
        // xargs fails when any of them does.
        let repeating = ["/bin/sh", "-c", "seq \(count) | xargs -I {} -P 8 \"$@\"", "sh"]
        try await Comparison(
            contenders: [
                Contender(name: "stock-sshd", arguments: repeating + stage.ssh("stray", "true")),
                Contender(name: "logins", arguments: repeating + stage.ssh("-T", "builds")),
            ], rounds: 7, unit: "/s", value: { Double(count) / $0 }
        ).run(stage.scratch, report)
    }
}
