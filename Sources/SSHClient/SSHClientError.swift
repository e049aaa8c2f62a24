/// Why the connection to a builder failed or ended. The gateway's catalogue has the words for people.
public struct SSHClientError: Error, Sendable, CustomDebugStringConvertible {
    public enum Code: CaseIterable, Equatable, Sendable {
        /// No connection.
        case unreachable
        /// The builder is reached through a Unix socket, which is on another host.
        case elsewhere
        /// Set-up took longer than allowed.
        case timedOut
        /// The builder shows a different host key from the one that the service names: it can be another job's machine.
        case hostKeyMismatch
        /// The builder refuses the gateway's login.
        case authenticationFailed
        /// The builder accepted the login and then refused a channel or the command.
        case refused
        /// The builder accepted the login and then refused a terminal.
        case noTerminal
        /// The builder does not accept the key of the person's own ssh.
        case keyNotAccepted
        /// As many are in an attached machine as its connection carries.
        case crowded
        /// The connection was lost, or the builder was silent for too long.
        case lost
        /// The builder sent more than it is allowed to: more than its windows allow, or floods of packets that nobody needs.
        case overrun
        /// The gateway's own key cannot be used, or an address or host key is invalid.
        case misconfigured
    }

    public let code: Code
    private let detail: String

    /// - Parameter detail: for the log.
    public init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }

    /// For the log.
    public var debugDescription: String { "\(code): \(detail)" }
}
