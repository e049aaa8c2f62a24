public import AuthorizedKeys
import BuildAPI
public import ConfigurationFile
import EventLoop
import Glibc
import Policy
import Presentation
import ServiceClient

/// What a gateway would do with a login, found out by the code that would do it. Nothing happens.
///
/// The build service is asked what a login asks, and nothing else reaches it. What follows a permission is not tried: a claim, a
/// change, a session. Neither are the limits of what happens at one moment, such as a person's commands.
public struct LoginExplanation: Equatable, Sendable {
    /// Somebody who comes.
    public struct Login: Sendable {
        /// The plain key, never a certificate.
        public var key: PublicKey
        /// SSH_ORIGINAL_COMMAND; nil: they ask for a shell.
        public var command: String?
        /// The client's address.
        public var address: String
        public var account: String
        public var hasTerminal: Bool

        public init(key: PublicKey, command: String?, address: String, account: String, hasTerminal: Bool) {
            (self.key, self.command, self.address) = (key, command, address)
            (self.account, self.hasTerminal) = (account, hasTerminal)
        }
    }

    /// A question to the build service, and its answer.
    public struct Exchange: Encodable, Equatable, Sendable {
        /// `GET` and a path.
        public var question: String
        /// The status, or why there was no answer.
        public var outcome: String
        /// The body: hostile text.
        public var answer: String
    }

    public var exchanges: [Exchange] = []
    /// Whether the person may do what they have come for.
    public internal(set) var isLetIn = false
    /// Whether the key is nobody's.
    public internal(set) var isStranger = false
    /// Which rule decides.
    public internal(set) var rule = ""
    /// What would happen next, in sentences.
    public internal(set) var next: [String] = []
    /// What the person would read before that, or instead of it.
    public internal(set) var reads = ""
    /// The exit status of a refusal.
    public internal(set) var status: CInt?
    /// What the gateway would write to its log about it.
    public internal(set) var record: [String] = []

    init() {}

    /// What a gateway without a `public_host` calls itself.
    public static var hostName: String { SessionContext.hostName() }

    /// Of somebody of whose key only the fingerprint is known, and that nobody has it.
    public init(ofUnknownKey fingerprint: String, in configuration: Configuration) {
        let refusal = Refusal.denied(
            .unknownKey(fingerprint: fingerprint), by: UsedKey(fingerprint: fingerprint, isForProxy: false))
        let message = refusal.message
        let contact = configuration.gateway.contact.map { HostileText.printable($0, limit: 400) }
        isStranger = true
        rule = refusal.rule
        reads =
            "sallyport: \(message.text(commandLine: { "ssh \($1 ? "-t " : "")… \($0)" }, contact: contact))"
        status = message.status.code
        record = [message.cause]
    }

    /// - Throws: what is wrong with the files that the configuration names.
    public static func explain(
        _ login: Login, by configuration: Configuration
    ) throws(ConfigurationError) -> LoginExplanation {
        let witness = HTTPWitness()
        var transport = try Transport(configuration.service)
        transport.witness = witness
        let loop = EventLoop()
        // A configuration that has been read has no invalid URL.
        guard let service = configuration.buildService(over: transport, on: loop) else {
            fatalError("an invalid URL in a configuration that was read")
        }
        var explanation = LoginRehearsal(login, by: configuration, asking: service, on: loop).explanation()
        explanation.exchanges = witness.exchanges.map {
            Exchange(question: "GET \($0.target)", outcome: $0.outcome, answer: $0.body)
        }
        return explanation
    }
}
