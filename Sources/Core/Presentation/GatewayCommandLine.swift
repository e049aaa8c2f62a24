/// The command lines with which people reach the gateway: `ssh -t builds@host connect 42`.
public struct GatewayCommandLine: Equatable, Sendable {
    private let account: String
    private let host: String
    private let port: Int

    /// - Parameters: as in the person's own command.
    public init(account: String, host: String, port: Int) {
        self.account = account
        self.host = host
        self.port = port
    }

    /// - Parameter terminal: whether the command needs one.
    public func callAsFunction(_ words: String, terminal: Bool = false) -> String {
        var parts = ["ssh"]
        if terminal { parts.append("-t") }
        if port != 22 { parts.append("-p \(port)") }
        parts += ["\(account)@\(host)", words]
        return parts.joined(separator: " ")
    }
}
