import CLinux
import Glibc

/// What sshd says about a session, read once from the environment.
public struct SessionEnvironment: Sendable {
    /// The bytes of SSH_ORIGINAL_COMMAND; nil when the client asked for a shell.
    public var originalCommand: [UInt8]?
    /// The file that names the key that really authenticated (`ExposeAuthInfo yes`).
    public var userAuthenticationFile: String?
    /// The client's address.
    public var clientAddress: String
    /// The account's name.
    public var account: String
    /// Whether the client asked for a terminal.
    public var hasTerminal: Bool
    /// TERM; empty without a terminal.
    public var terminalType: String
    /// LANG and LC_*, which are passed on to the builder.
    public var locale: [(name: String, value: String)]
    /// The socket of the client's agent, if the client forwards it (`ssh -A`) and the administrator permits that.
    public var agentSocket: String?

    public init(
        originalCommand: [UInt8]?, userAuthenticationFile: String?, clientAddress: String, account: String,
        hasTerminal: Bool, terminalType: String, locale: [(name: String, value: String)], agentSocket: String?
    ) {
        self.originalCommand = originalCommand
        self.userAuthenticationFile = userAuthenticationFile
        self.clientAddress = clientAddress
        self.account = account
        self.hasTerminal = hasTerminal
        self.terminalType = terminalType
        self.locale = locale
        self.agentSocket = agentSocket
    }

    /// Whether a line that has been printed can be erased and printed anew.
    var canRewriteLines: Bool { hasTerminal && !["", "dumb"].contains(terminalType) }

    /// Reads the environment and clears it, because libraries would read proxies and configuration from it.
    public static func take() -> SessionEnvironment {
        var variables: [(name: String, value: UnsafePointer<CChar>)] = []
        var entry = sp_environment()
        while let text = entry?.pointee {
            if let equals = strchr(text, CInt(UInt8(ascii: "="))) {
                let name = UnsafeRawBufferPointer(
                    start: text, count: UnsafePointer(equals) - UnsafePointer(text))
                variables.append((String(decoding: name, as: UTF8.self), UnsafePointer(equals + 1)))
            }
            entry = entry?.advanced(by: 1)
        }
        func value(_ name: String) -> String? {
            variables.first { $0.name == name }.map { String(cString: $0.value) }
        }
        let originalCommand = variables.first { $0.name == "SSH_ORIGINAL_COMMAND" }.map { variable in
            Array(UnsafeRawBufferPointer(start: variable.value, count: strlen(variable.value)))
        }
        let connection = value("SSH_CONNECTION") ?? ""
        let environment = SessionEnvironment(
            originalCommand: originalCommand, userAuthenticationFile: value("SSH_USER_AUTH"),
            clientAddress: String(connection.prefix { $0 != " " }),
            account: value("LOGNAME") ?? value("USER") ?? "",
            hasTerminal: value("SSH_TTY") != nil, terminalType: value("TERM") ?? "",
            locale: variables.filter { $0.name == "LANG" || $0.name.hasPrefix("LC_") }
                .map { ($0.name, String(cString: $0.value)) },
            agentSocket: value("SSH_AUTH_SOCK"))
        clearenv()
        return environment
    }
}
