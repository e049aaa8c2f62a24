/// A program to run on the builder.
public struct RemoteProgram: Sendable {
    /// Nil: no terminal, separate standard error, eight bits clean.
    public var terminal: Terminal?
    /// One round trip each.
    public var environment: [(name: String, value: String)]
    /// Nil: the login shell.
    public var command: [UInt8]?
    /// The path of the socket of the client's agent, for the program to use; nil: none.
    public var agentSocket: String? = nil

    public init(
        terminal: Terminal?, environment: [(name: String, value: String)], command: [UInt8]?,
        agentSocket: String? = nil
    ) {
        self.terminal = terminal
        self.environment = environment
        self.command = command
        self.agentSocket = agentSocket
    }
}

/// How a remote program ended.
public enum RemoteEnding: Equatable, Sendable {
    case exited(status: CInt)
    /// The signal's name without `SIG`.
    case killed(signal: String)
    /// The builder closed the channel without saying how the program ended.
    case unknown
}
