import AuthorizedKeys
import BuildAPI
import CommandGrammar
import EventLoop
import Policy
import Presentation
import ServiceClient

/// `submit`: submits a manifest from standard input as a job, or with `--tar` the source with a manifest in it; with
/// `--follow` it shows the job's log and ends as it does.
struct SubmitCommand: Command, PersonalCommand {
    static let manual = Manual(
        name: "submit", aliases: ["build"], synopsis: "submit [options] <manifest",
        summary: "submit a new job",
        details: """
            --tar       send your source: tar cz . | ssh … submit --tar
            --manifest PATH
                        the manifest in the archive, if it is not .build.yml
            --follow    show its log, and exit with 0 if it succeeds, 1 otherwise
            --keep never|failure|always
                        when the machine stays afterwards, instead of what the manifest says
            --pool NAME the machine comes from there, whatever the manifest says; pools lists them
            --arch ARCH the machine has this architecture, such as arm64, whatever the manifest says
            --group NAME
                        a job of this group, in which you are: everyone in it can do all that you can
            --note TEXT what it is about: everything up to the end of the line, so it comes last
            --private   nobody else can know that it exists
            --public    everyone with a key can follow it
            --json      print the job as JSON
            The manifest is YAML, and is read from standard input. With --tar, standard input is a tar
            archive, plain or compressed with gzip; on the machine, tasks and shells start in it.
            """)
    static let syntax = Syntax(
        flags: ["--follow", "--private", "--public", "--json", "--tar"],
        values: ["--manifest", "--keep", "--group", "--pool", "--arch"],
        texts: ["--note"])

    /// Show the job's log, and end as the job does.
    let follow: Bool
    let note: String?
    let visibility: Visibility
    let json: Bool
    /// Instead of what the manifest says.
    let keep: KeepRule?
    /// The same.
    let pool: String?
    /// The same.
    let arch: Architecture?
    /// Whose it will be; nil: the person's own.
    let group: Group?
    /// Standard input is an archive of the source.
    let isSource: Bool
    /// The path of the manifest in the archive; nil: the usual one.
    let manifest: String?

    init(_ arguments: inout Arguments) throws(UsageError) {
        try arguments.exclude("--private", with: "--public")
        try arguments.exclude("--follow", with: "--json")
        follow = arguments.has("--follow")
        note = arguments.value(of: "--note")
        visibility = arguments.has("--private") ? .private : arguments.has("--public") ? .public : .unlisted
        json = arguments.has("--json")
        keep = try arguments.choice("--keep")
        pool = arguments.value(of: "--pool")
        arch = try arguments.architecture("--arch")
        group = arguments.value(of: "--group").map(Group.init(written:))
        isSource = arguments.has("--tar")
        manifest = arguments.value(of: "--manifest")
        guard manifest == nil || isSource else { throw UsageError(.needs("--tar"), word: "--manifest") }
        // A file is on the person's own machine.
        if let word = arguments.optionalWord() {
            throw UsageError(isSource ? .sourceName : .fileName, word: word)
        }
    }

    /// The first word of the note that could have been meant as an option.
    var optionInNote: String? {
        note?.split(separator: " ").map(String.init).first { Self.syntax.options.contains($0) }
    }

    func run(for principal: Principal, in context: SessionContext) -> (any RunningCommand)? {
        let submission = Submission(self, for: principal, in: context)
        submission.start()
        return submission
    }
}

/// A `submit` in progress: reads the manifest. A signal ends it, but not the job.
private final class Submission: RunningCommand {
    private static let largestManifest = 1 << 20

    let context: SessionContext
    private let principal: Principal
    private let command: SubmitCommand
    private var input: StandardInput?
    private let newJob: NewJobSession

    init(_ command: SubmitCommand, for principal: Principal, in context: SessionContext) {
        self.context = context
        self.principal = principal
        self.command = command
        newJob = NewJobSession(follow: command.follow, json: command.json, for: principal, in: context)
    }

    func start() {
        guard let service = context.service.selfService else {
            return context.refuse(.notOffered("“submit”"))
        }
        if let option = command.optionInNote {
            context.say("“\(option)” is a part of the note: options stand before --note.")
        }
        guard command.pool != nil || command.arch != nil else { return read(for: service) }
        // A service without pools ignores both, and its builder is not the one that is meant.
        service.pools { [unowned self] result in
            switch result {
            case .success: read(for: service)
            case .failure(let error) where error.code == .notOffered: context.refuse(.noPools)
            case .failure(let error): context.refuse(.serviceRefused(error, SubmitCommand.manual.name))
            }
        }
    }

    private func read(for service: any SelfService) {
        guard !command.isSource else { return submitSource(to: service) }
        if context.environment.hasTerminal { context.say("Type or paste the manifest, then press Ctrl-D.") }
        input = StandardInput(limit: Self.largestManifest, from: principal, in: context) {
            [unowned self] bytes in
            guard let bytes else { return context.refuse(.manifestTooLarge) }
            guard bytes.contains(where: { $0 > 0x20 }) else { return context.refuse(.noManifest) }
            submit(bytes, to: service)
        }
    }

    private func submit(_ manifest: [UInt8], to service: any SelfService) {
        service.submit(manifest: manifest, options) { [unowned self] in ended($0) }
    }

    private var options: SubmissionOptions {
        SubmissionOptions(
            submitter: principal.person.id, group: command.group, session: context.key.fingerprint,
            note: command.note, visibility: command.visibility, keep: command.keep,
            pool: command.pool, arch: command.arch)
    }

    /// Nobody types an archive, and a terminal would change its bytes.
    private func submitSource(to service: any SelfService) {
        guard !context.environment.hasTerminal else { return context.refuse(.sourceFromTerminal) }
        service.submit(
            source: StreamedInput(from: principal, in: context), manifest: command.manifest, options
        ) { [unowned self] in ended($0) }
    }

    private func ended(_ result: Result<Job, ServiceError>) {
        switch result {
        case .success(let job):
            context.journal.note("submit job=\(job.id) \(principal.person.record)")
            context.audit.changed("submits the job", job: job.id)
            if let sentence = job.ignoredGroup(command.group) { context.say(sentence) }
            newJob.submitted(job)
        case .failure(let error):
            context.refuse(
                .serviceRefused(error, SubmitCommand.manual.name + (command.isSource ? " --tar" : "")))
        }
    }

}
