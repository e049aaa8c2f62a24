/// What the gateway says about a refusal.
struct Message: Equatable {
    let status: ExitStatus
    /// What happened: one plain sentence. No path, address or token; hostile text is escaped. Empty: the person knows.
    let sentence: String
    /// What the person can do; nil: the sentence says it, or nothing can be done.
    let remedy: String?
    /// The command of the gateway that does it, which ends the message as a line to copy.
    let command: String?
    /// Whether the command needs a terminal.
    let needsTerminal: Bool
    /// More lines, below the sentence: a list.
    let list: [String]
    /// Whether someone else has to help, so that the person wants to know whom to ask.
    let needsHelp: Bool
    /// For the administrator's log.
    let cause: String

    /// - Parameter needsHelp: what an administrator is told about always does.
    init(
        _ status: ExitStatus, _ sentence: String, _ remedy: String? = nil, command: String? = nil,
        needsTerminal: Bool = false, list: [String] = [], needsHelp: Bool = false, cause: String
    ) {
        self.status = status
        self.sentence = sentence
        self.remedy = remedy
        self.command = command
        self.needsTerminal = needsTerminal
        self.list = list
        self.needsHelp = needsHelp || remedy == Self.tellAdministrator
        self.cause = cause
    }

    /// As the person reads it.
    ///
    /// - Parameters:
    ///   - commandLine: the full command line for a command, given whether it needs a terminal.
    ///   - contact: the administrator's sentence about whom to ask.
    func text(commandLine: (String, Bool) -> String, contact: String?) -> String {
        let line = command.map { commandLine($0, needsTerminal) }
        let parts = [sentence, remedy, line, needsHelp ? contact : nil]
        return parts.compactMap(\.self).joined(separator: " ")
    }

    /// The same before the gateway knows its own name.
    var text: String { text(commandLine: { "ssh \($1 ? "-t " : "")… \($0)" }, contact: nil) }

    static let tellAdministrator = "Please tell the administrator."
    static let tryAgainInAMinute = "Try again in a minute."
    static let sameCommandAgain = "Run the same command again."
    static let sameCommandToReturn = "Run \(returning)"
    static let sameCommandIfAlive = "If the builder is still alive, run \(returning)"
    private static let returning = "the same command again to return; what runs in tmux there goes on."
}
