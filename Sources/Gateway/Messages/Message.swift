/// What the gateway says about a refusal.
struct Message: Equatable {
    let status: ExitStatus
    /// What happened: one plain sentence. No path, address or token; hostile text is escaped. Empty: the person knows.
    let sentence: String
    /// What the person can do; nil: the sentence says it, or nothing can be done.
    let remedy: String?
    /// More lines, below the sentence: a list.
    let list: [String]
    /// For the administrator's log.
    let cause: String

    init(
        _ status: ExitStatus, _ sentence: String, _ remedy: String? = nil, list: [String] = [], cause: String
    ) {
        self.status = status
        self.sentence = sentence
        self.remedy = remedy
        self.list = list
        self.cause = cause
    }

    /// As the person reads it.
    var text: String { [sentence, remedy].compactMap(\.self).joined(separator: " ") }

    static let tellAdministrator = "Please tell the administrator."
    static let tryAgainInAMinute = "Try again in a minute."
    static let sameCommandAgain = "Run the same command again."
    static let sameCommandToReturn = "Run \(returning)"
    static let sameCommandIfAlive = "If the builder is still alive, run \(returning)"
    private static let returning = "the same command again to return; what runs in tmux there goes on."
}
