import BuildAPI
import CommandGrammar
import EventLoop
import Policy
import ServiceClient

/// `submit`: a manifest from standard input becomes a job; with `--follow` its log is shown, and it says how it ended.
struct SubmitCommand: PersonalCommand {
    static let manual = Manual(
        name: "submit", aliases: ["build"], synopsis: "submit [options] <manifest", summary: "a new job",
        details: """
            --follow    show its log, and exit as it does: 0 for success, 1 otherwise
            --note TEXT what it is about; all words up to the next option
            --private   nobody but you may know that it exists
            --public    everybody with a key may follow it
            --json      answer with the job as JSON
            The manifest is YAML, and comes on standard input.
            """)
    static let syntax = Syntax(flags: ["--follow", "--private", "--public", "--json"], texts: ["--note"])

    /// Shows its log, and ends as it does.
    let follow: Bool
    let note: String?
    let visibility: Visibility
    let json: Bool

    init(_ arguments: inout Arguments) throws(UsageError) {
        try arguments.exclude("--private", with: "--public")
        try arguments.exclude("--follow", with: "--json")
        follow = arguments.has("--follow")
        note = arguments.value(of: "--note")
        visibility = arguments.has("--private") ? .private : arguments.has("--public") ? .public : .unlisted
        json = arguments.has("--json")
    }

    func run(for principal: Principal, in context: SessionContext) -> (any RunningCommand)? {
        let submission = Submission(self, for: principal, in: context)
        submission.start()
        return submission
    }
}

/// `submit` while it goes on: reads the manifest, and shows the log if that is wanted. A signal ends it, and leaves the job
/// alone.
private final class Submission: RunningCommand {
    private static let largestManifest = 1 << 20

    let context: SessionContext
    private let principal: Principal
    private let command: SubmitCommand
    private var input: StandardInput?
    private var tail: LogSession?

    init(_ command: SubmitCommand, for principal: Principal, in context: SessionContext) {
        self.context = context
        self.principal = principal
        self.command = command
    }

    func start() {
        guard let service = context.service.selfService else {
            return context.refuse(.notOffered("“submit”"))
        }
        if context.environment.hasTerminal { context.say("Type or paste the manifest, then press Ctrl-D.") }
        input = StandardInput(limit: Self.largestManifest, in: context) { [unowned self] bytes in
            guard let bytes else { return context.refuse(.manifestTooLarge) }
            guard bytes.contains(where: { $0 > 0x20 }) else { return context.refuse(.noManifest) }
            submit(bytes, to: service)
        }
    }

    private func submit(_ manifest: [UInt8], to service: any SelfService) {
        service.submit(
            manifest: manifest, owner: principal.person.id, note: command.note,
            visibility: command.visibility
        ) { [unowned self] result in
            switch result {
            case .success(let job):
                context.journal.note("submit job=\(job.id) person=\(principal.person.id)")
                submitted(job)
            case .failure(let error): context.refuse(.serviceRefused(error, SubmitCommand.manual.name))
            }
        }
    }

    private func submitted(_ job: Job) {
        guard command.follow else {
            context.answer(JobView(job: job, isInvited: true), json: command.json) {
                "job \(job.id): \(job.status.rawValue)\n"
            }
            return
        }
        context.say(
            "Job \(job.id) is submitted; this shows its log until it ends. Ctrl-C leaves the job alone.")
        do throws(Denial) {
            let permit = try Permit.decide(.look, on: job.id, job, for: principal)
            tail = LogSession(permit, raw: false, in: context) { [context] job in
                guard job.builder != nil else { return }
                context.say("To look at it: \(context.commandLine("connect \(job.id)", terminal: true))")
            }
            tail?.start()
        } catch {
            context.refuse(.denied(error, to: principal))
        }
    }
}
