public import AuthorizedKeys

/// How sallyport-shell was started.
public enum Invocation: Equatable, Sendable {
    /// As the forced command that sallyport-dispatch prints: by sh(1), or with `-c` as the account's login shell.
    case forced(ForcedCommand)
    /// Anything else.
    case other

    /// - Parameter arguments: with the program's own name.
    public init(arguments: [String]) {
        let command =
            if arguments.count == 3, arguments[1] == "-c" {
                ForcedCommand(text: arguments[2])
            } else {
                ForcedCommand(arguments: arguments)
            }
        self = command.map(Invocation.forced) ?? .other
    }
}
