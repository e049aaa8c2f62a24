/// Why the connection to a builder failed or ended. What people are told about it is said elsewhere.
public struct SSHClientError: Error, Sendable, CustomDebugStringConvertible {
    public enum Code: CaseIterable, Equatable, Sendable {
        /// No TCP connection.
        case unreachable
        /// Set-up took longer than allowed.
        case timedOut
        /// What answers there shows another host key than the service promised: it may be somebody else's machine.
        case hostKeyMismatch
        /// The builder does not let the gateway in.
        case authenticationFailed
        /// The builder let us in and then refused a channel, a terminal or the command.
        case refused
        /// The connection broke, or nothing was heard for too long.
        case lost
        /// The gateway's own key cannot be used, or an address or host key makes no sense.
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
