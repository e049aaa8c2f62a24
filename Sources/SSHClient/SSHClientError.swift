/// Why the second door does not open, or closed.
public struct SSHClientError: Error, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    public enum Code: Equatable, Sendable {
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

    /// One sentence for a person; it names no address.
    public var description: String {
        switch code {
        case .unreachable: "The builder cannot be reached."
        case .timedOut: "The builder does not answer."
        case .hostKeyMismatch: "The builder does not prove that it is the machine of this job."
        case .authenticationFailed: "The builder does not let the gateway in."
        case .refused: "The builder refused to start the session."
        case .lost: "The connection to the builder was lost."
        case .misconfigured: "The gateway cannot log in to builders."
        }
    }

    /// For the log.
    public var debugDescription: String { "\(code): \(detail)" }
}
