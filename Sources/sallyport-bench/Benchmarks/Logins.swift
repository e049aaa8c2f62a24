/// Logins that succeed in a second, while eight clients log in again and again.
///
/// The stock sshd runs `true` for a key in a file. Ours asks the service twice and answers with the greeting: the least
/// that a person can get, and no builder's part in it.
enum Logins {
    private static let count = 24

    static func measure(_ stage: Stage, _ report: Report) async throws {
        // xargs fails when any of them does.
        let repeating = ["/bin/sh", "-c", "seq \(count) | xargs -I {} -P 8 \"$@\"", "sh"]
        try await Contest(
            contenders: [
                Contender(name: "stock-sshd", arguments: repeating + stage.ssh("stray", "true")),
                Contender(name: "logins", arguments: repeating + stage.ssh("-T", "builds")),
            ], rounds: 7, unit: "/s", value: { Double(count) / $0 }
        ).run(stage.scratch, report)
    }
}
