public import BuildAPI

/// What somebody asks for with the words after the host's name: SSH_ORIGINAL_COMMAND, parsed.
///
/// The grammar is one of bytes: blanks separate words and there is no quoting, because ssh(1) has joined the words
/// with blanks already. What follows the job of `connect` goes to the builder verbatim. Everywhere else options may
/// stand anywhere behind the verb.
public enum Request: Equatable, Sendable {
    /// No command at all: who are you, and what can be done here?
    case greet
    /// A shell on the job's builder, or a command there.
    ///
    /// - job: nil for the caller's only live job.
    /// - now: goes in while tasks still run.
    /// - command: nil for a shell; else never empty, byte for byte as the person wrote it.
    case connect(job: JobID?, now: Bool, command: [UInt8]?)
    /// The SSH server of the job's builder, on standard input and output: for ssh's ProxyCommand.
    case proxy(job: JobID)
    /// Lines for a client's known_hosts, by which it knows builders.
    ///
    /// - job: nil: one line for the builders of all jobs.
    case knownHosts(job: JobID?, names: HostNames)
    /// Lines for a client's ssh_config, by which it finds builders.
    case sshConfig(ClientConfiguration)
    /// The job's logs until it ends.
    ///
    /// - raw: escape sequences pass unfiltered.
    case tail(job: JobID?, raw: Bool)
    case show(job: JobID, json: Bool)
    case extend(job: JobID, by: Extension, json: Bool)
    /// Ends the job's builder.
    ///
    /// - confirmed: without asking.
    case release(job: JobID, confirmed: Bool, json: Bool)
    case hold(job: JobID, json: Bool)
    case unhold(job: JobID, json: Bool)
    case share(job: JobID, with: String, json: Bool)
    case unshare(job: JobID, with: String, json: Bool)
    case cancel(job: JobID, json: Bool)
    /// - all: those that are over, too.
    case list(all: Bool, json: Bool)
    case submit(Submission)
    case keys(KeysRequest, json: Bool)
    case whoami(json: Bool)
    case acceptTerms
    /// - verb: nil for all verbs.
    case help(Verb?)
    case version

    /// By how much a builder's time is extended.
    public enum Extension: Equatable, Sendable {
        case time(Duration)
        /// As far as it goes.
        case maximum
    }

    /// What clients call builders.
    public enum HostNames: Equatable, Sendable {
        /// `job-42.<suffix>`; nil: the one that the gateway is configured with.
        case suffix(String?)
        /// `job-42`
        case bare
    }

    /// What kind of ssh_config somebody wants.
    public struct ClientConfiguration: Equatable, Sendable {
        /// Nil: one stanza for the builders of all jobs.
        public var job: JobID?
        public var names = HostNames.suffix(nil)
        /// How the client reaches this gateway; nil: as the gateway is configured.
        public var host: String?
        /// For the ssh that comes with Windows.
        public var windows = false

        public init() {}
    }

    /// A job to be; its manifest comes on standard input.
    public struct Submission: Equatable, Sendable {
        /// Shows its log, and ends as it does.
        public var follow = false
        public var note: String?
        public var visibility = Visibility.unlisted
        public var json = false

        public init() {}
    }

    /// What is to be done with the caller's keys.
    public enum KeysRequest: Equatable, Sendable {
        case list
        /// The key comes on standard input.
        case add
        case remove(fingerprint: String)
    }

    /// What `extend` means without a duration.
    public static let defaultExtension = Duration.seconds(3600)

    /// - Parameter originalCommand: the bytes of SSH_ORIGINAL_COMMAND; nil where it is not set.
    public init(originalCommand: [UInt8]?) throws(RequestError) {
        var words = Words(originalCommand ?? [])
        guard let word = words.next() else {
            self = .greet
            return
        }
        guard let verb = Verb(rawValue: word) else {
            switch Verb.aliases[word] {
            case .help: self = .help(nil)
            case .version: self = .version
            case let verb?: throw RequestError(.alias(of: verb), word: word)
            case nil: throw RequestError(.unknownVerb, word: word)
            }
            return
        }
        if words.peek() == "--help" || words.peek() == "-h" {
            self = .help(verb)
            return
        }
        self = verb == .connect ? try Self.connect(&words) : try Self.parse(verb, words)
    }
}
