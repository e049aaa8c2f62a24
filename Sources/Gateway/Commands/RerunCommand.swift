import AuthorizedKeys
import BuildAPI
import CommandGrammar
import Policy
import Presentation
import ServiceClient

/// `rerun`: makes a new job of a finished one; with `--fresh` its builder is prepared, and nothing is run.
struct RerunCommand: JobCommand {
    static let manual = Manual(
        name: "rerun", aliases: ["retry", "restart", "rebuild", "resubmit"],
        synopsis: "rerun <job> [options]",
        summary: "run a finished job again, or get a fresh machine for it",
        details: """
            --fresh     run nothing: the machine has the job's source, scripts and variables, and is kept
                        at once; entering it, you read what failed and how to repeat it
            --pool NAME, --arch NAME, --image NAME
                        where the machine comes from and what it is, instead of as in that job
            --follow    show its log, and exit with 0 if it succeeds, 1 otherwise
            --json      print the new job as JSON
            The new job is its owner's, as the finished one is, and counts in the owner's limits.
            """)
    static let syntax = Syntax(
        flags: ["--fresh", "--follow", "--json"], values: ["--pool", "--arch", "--image"])
    static let action = Action.rerun

    let job: JobID?
    let follow: Bool
    let json: Bool
    let wish: NewRerun

    init(_ arguments: inout Arguments) throws(UsageError) {
        try arguments.exclude("--follow", with: "--json")
        job = try arguments.job()
        follow = arguments.has("--follow")
        json = arguments.has("--json")
        wish = NewRerun(
            fresh: arguments.has("--fresh") ? true : nil, pool: arguments.value(of: "--pool"),
            arch: try arguments.architecture("--arch")?.description, image: arguments.value(of: "--image"))
    }

    func run(_ permit: Permit, in context: SessionContext) throws(Refusal) -> (any RunningCommand)? {
        guard let service = context.service.selfService else { throw .notOffered("“\(Self.manual.name)”") }
        noteRequest(permit, in: context)
        let rerun = NewJobSession(follow: follow, json: json, for: permit.principal, in: context)
        service.rerun(permit.job.id, wish, for: permit.person) { [unowned rerun] in
            switch $0 {
            case .success(let job):
                context.audit.changed("job \(job.id) runs it again")
                rerun.submitted(job)
            case .failure(let error): context.refuse(.serviceRefused(error, Self.manual.name))
            }
        }
        return rerun
    }
}
