/// What sshd asks its AuthorizedKeysCommand: may this key log in to that account?
///
/// The arguments are `[--account NAME] [--shell PATH] [--config PATH] %u %h %t %k`. The options come from the sshd
/// configuration, which root owns; the last four from sshd, the last two of them from the client.
public struct KeyOffer: Equatable, Sendable {
    public var account = "builds"
    /// Nil: `sallyport-shell` beside the dispatcher.
    public var shell: String?
    public var config: String?
    /// Whom the client wants to be.
    public var user: String
    public var key: PublicKey

    /// - Parameter arguments: without the program's own name.
    public init(arguments: some BidirectionalCollection<String>) throws(OfferError) {
        guard arguments.count >= 4 else {
            throw OfferError(
                "expected four arguments, %u %h %t %k, after the options; got \(arguments.count)")
        }
        // Counted from the end: what a client sends can never be taken for an option.
        let positional = Array(arguments.suffix(4))
        user = positional[0]
        guard !user.isEmpty else { throw OfferError("the user's name is empty") }
        do {
            key = try PublicKey(type: positional[2], base64: positional[3])
        } catch {
            throw OfferError(error.description)
        }

        var options = arguments.dropLast(4)[...]
        while let option = options.popFirst() {
            guard let value = options.popFirst() else {
                throw OfferError("an option without a value, or more than four arguments after the options")
            }
            guard !value.isEmpty else { throw OfferError("an option's value is empty") }
            switch option {
            case "--account": account = value
            case "--shell": shell = value
            case "--config": config = value
            default: throw OfferError("an unknown option, or more than four arguments after the options")
            }
        }
    }
}

/// Why an offer gets no line; for the administrator's log. It never quotes what a client sent.
public struct OfferError: Error, Equatable, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
