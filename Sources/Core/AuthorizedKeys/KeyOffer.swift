/// What sshd asks its AuthorizedKeysCommand: may this key log in to that account?
///
/// The arguments are `[--account NAME] [--shell PATH] [--config PATH] [--admission any|known] [--agent-forwarding]
/// [--no-touch-required] %u %h %t %k`. The options come from the sshd configuration, which root owns; the last four from
/// sshd, the last two of those from the client.
public struct KeyOffer: Equatable, Sendable {
    /// Which keys get a line.
    public enum Admission: Sendable {
        /// Every well-formed key: the forced command can explain refusals in words.
        case any
        /// Only keys that the build service knows.
        case known
    }

    // The options without a value.
    static let agentForwardingOption = "--agent-forwarding"
    static let noTouchRequiredOption = "--no-touch-required"

    public var account = "builds"
    public var admission = Admission.any
    /// Nil: `sallyport-shell` in the dispatcher's folder.
    public var shell: String?
    public var config: String?
    /// Whether clients can forward their agents.
    public var agentForwarding = false
    /// Whether security keys can sign without a touch.
    public var noTouchRequired = false
    /// The user name that the client asks for.
    public var user: String
    public var key: PublicKey

    /// - Parameter arguments: including the program's own name. (An array and indices, nothing generic: specialising
    ///   slices at run time takes a tenth of the dispatcher's run time.)
    public init(arguments: [String]) throws(OfferError) {
        // Counted from the end: what a client sends can never be taken for an option.
        let end = arguments.count - 4
        guard end >= 1 else {
            throw OfferError(
                "expected four arguments, %u %h %t %k, after the options; got \(max(0, arguments.count - 1))")
        }
        user = arguments[end]
        guard !user.isEmpty else { throw OfferError("the user's name is empty") }
        do {
            key = try PublicKey(type: arguments[end + 2], base64: arguments[end + 3])
        } catch {
            throw OfferError(error.description)
        }

        var index = 1
        while index < end {
            let isAgents = arguments[index] == Self.agentForwardingOption
            if isAgents || arguments[index] == Self.noTouchRequiredOption {
                if isAgents { agentForwarding = true } else { noTouchRequired = true }
                index += 1
                continue
            }
            guard index + 1 < end else {
                throw OfferError("an option without a value, or more than four arguments after the options")
            }
            let value = arguments[index + 1]
            guard !value.isEmpty else { throw OfferError("an option's value is empty") }
            switch arguments[index] {
            case "--account": account = value
            case "--shell": shell = value
            case "--config": config = value
            case "--admission" where value == "any": admission = .any
            case "--admission" where value == "known": admission = .known
            default: throw OfferError("an unknown option, or more than four arguments after the options")
            }
            index += 2
        }
    }
}

/// Why an offer gets no line, for the administrator's log. It never quotes what a client has sent.
public struct OfferError: Error, Equatable, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
