/// What the dispatcher becomes when keys have to be known: `sallyport-lookup authorize-key --deadline <ns> …`, which may
/// become `sallyport-shell authorize-key …` in its turn.
///
/// sallyport-dispatch makes it, the other two read it; all through this one type. After the deadline stand the
/// options and the four arguments of a ``KeyOffer``.
public struct KeyLookupCommand: Equatable, Sendable {
    /// The word by which sallyport-shell recognises it.
    public static let word = "authorize-key"

    /// Nanoseconds of CLOCK_MONOTONIC at which sshd must have its answer.
    public let deadline: UInt64
    public let offer: KeyOffer
    /// The absolute path of sallyport-shell.
    public let shell: String

    /// - Parameter shell: the path that the dispatcher has found, used unless the offer's options give one.
    public init(_ offer: KeyOffer, shell: String, deadline: UInt64) {
        self.offer = offer
        self.shell = shell
        self.deadline = deadline
    }

    /// With the name of a program, which is sallyport-shell here.
    public var arguments: [String] {
        var arguments = [
            shell, Self.word, "--deadline", "\(deadline)", "--account", offer.account, "--shell", shell,
        ]
        if let config = offer.config { arguments += ["--config", config] }
        if offer.agentForwarding { arguments.append(KeyOffer.agentForwardingOption) }
        if offer.noTouchRequired { arguments.append(KeyOffer.noTouchRequiredOption) }
        return arguments + [offer.user, "/", offer.key.type, offer.key.base64]
    }

    /// Parses the arguments.
    public init(arguments: [String]) throws(OfferError) {
        guard arguments.count > 4, arguments[1] == Self.word, arguments[2] == "--deadline",
            let deadline = UInt64(arguments[3])
        else { throw OfferError("not started by the dispatcher") }
        let offer = try KeyOffer(arguments: [arguments[0]] + arguments[4...])
        guard let shell = offer.shell else { throw OfferError("not started by the dispatcher") }
        self.init(offer, shell: shell, deadline: deadline)
    }
}
