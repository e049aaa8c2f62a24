import CommandGrammar
import Policy
import Presentation

/// One verb.
struct Verb: Sendable {
    let manual: Manual
    /// The action on a job that the policy decides about; nil: the verb is never about a job. With `isPersonal` it is what
    /// docs/authorisation.md says of the verb: a test compares them.
    let action: Action?
    /// Whether it can be about the person who asks, without a job.
    let isPersonal: Bool
    private let syntax: Syntax
    private let command: @Sendable (inout Arguments) throws(UsageError) -> Request

    init<C: JobCommand>(_: C.Type) {
        self.init(of: C.self, action: C.action, isPersonal: false) { (arguments) throws(UsageError) in
            .job(try C(&arguments))
        }
    }

    init<C: Command & PersonalCommand>(_: C.Type) {
        self.init(of: C.self, action: nil, isPersonal: true) { (arguments) throws(UsageError) in
            .personal(try C(&arguments))
        }
    }

    /// Without a job it is about the person.
    init<C: JobCommand & PersonalCommand>(_: C.Type) {
        self.init(of: C.self, action: C.action, isPersonal: true) { (arguments) throws(UsageError) in
            let command = try C(&arguments)
            return command.job == nil ? .personal(command) : .job(command)
        }
    }

    private init(
        of type: any Command.Type, action: Action?, isPersonal: Bool,
        _ command: @escaping @Sendable (inout Arguments) throws(UsageError) -> Request
    ) {
        manual = type.manual
        syntax = type.syntax
        self.action = action
        self.isPersonal = isPersonal
        self.command = command
    }

    /// - Parameter words: what follows the verb.
    func request(_ words: Words) throws(UsageError) -> Request {
        do throws(UsageError) {
            var arguments = try Arguments(words, syntax)
            guard !arguments.wantsHelp else { return .personal(HelpCommand(topic: manual.name)) }
            let request = try command(&arguments)
            try arguments.end()
            return request
        } catch {
            var error = error
            error.verb = manual.name
            throw error
        }
    }
}

/// All verbs, in the order in which `help` lists them. Everything else is refused.
enum Verbs {
    static let all = [
        // About one job.
        Verb(ConnectCommand.self),
        Verb(ProxyCommand.self),
        Verb(TailCommand.self),
        Verb(ShowCommand.self),
        Verb(ArtifactsCommand.self),
        Verb(ExtendCommand.self),
        Verb(ReleaseCommand.self),
        Verb(HoldCommand.self),
        Verb(UnholdCommand.self),
        Verb(ShareCommand.self),
        Verb(UnshareCommand.self),
        Verb(CancelCommand.self),
        Verb(RerunCommand.self),
        // About one job, or about every job's builder.
        Verb(KnownHostsCommand.self),
        Verb(SSHConfigCommand.self),
        // About the person who asks.
        Verb(ListCommand.self),
        Verb(ImagesCommand.self),
        Verb(PoolsCommand.self),
        Verb(SubmitCommand.self),
        Verb(KeysCommand.self),
        Verb(WhoamiCommand.self),
        // About a machine that has dialled the gateway.
        Verb(AdoptCommand.self),
        Verb(AttachCommand.self),
        Verb(AttachStreamCommand.self),
        Verb(AttachLogCommand.self),
        Verb(AttachBundleCommand.self),
        Verb(AcceptTermsCommand.self),
        Verb(HelpCommand.self),
        Verb(VersionCommand.self),
    ]

    static func named(_ name: String) -> Verb? { all.first { $0.manual.name == name } }

    /// The verb that has this spelling, such as `--help`.
    static func spelled(_ word: String) -> Verb? { all.first { $0.manual.spellings.contains(word) } }

    /// The verb that has this name in another program.
    static func alias(_ word: String) -> Verb? { all.first { $0.manual.aliases.contains(word) } }

    /// The verb that a person meant who mistyped its name, or a long one of its names in other programs.
    static func nearest(to word: String) -> Verb? {
        guard (3...20).contains(word.unicodeScalars.count) else { return nil }
        let names = all.flatMap { [$0.manual.name] + $0.manual.aliases.filter { $0.count > 4 } }
        return NearestWord.find(word, among: names).flatMap { named($0) ?? alias($0) }
    }
}
