/// The command lines with which people reach the gateway: `ssh -t builds@host connect 42`.
public struct GatewayCommandLine: Equatable, Sendable {
    private let account: String
    private let host: String
    /// 22 by default.
    public let port: Int

    /// - Parameters: as in the person's own command.
    public init(account: String, host: String, port: Int) {
        self.account = account
        self.host = host
        self.port = port
    }

    /// `builds@host`
    public var destination: String { "\(account)@\(host)" }

    /// - Parameter terminal: whether the command needs one.
    public func callAsFunction(_ words: String, terminal: Bool = false) -> String {
        command(words, options: terminal ? ["-t"] : [])
    }

    /// The same with options, as a shell reads them, or with another program.
    public func command(_ words: String, options: [String], program: String = "ssh") -> String {
        var parts = [program] + options
        if port != 22 { parts.append("-p \(port)") }
        parts += [destination, words]
        return parts.joined(separator: " ")
    }
}
