import BuildAPI
import CommandGrammar
import Policy
import ServiceClient

/// `list`: lists the person's jobs, and those that others share with them.
struct ListCommand: Command, PersonalCommand {
    static let manual = Manual(
        name: "list", aliases: ["ls", "jobs", "ps"], synopsis: "list [--all] [--json]",
        summary: "list your jobs that are running or whose builder is kept",
        details: """
            With --all, finished ones too. LEFT is how long the builder will stay. Jobs that others share with
            you are there too, after your own; then OWNER says whose they are.
            """)
    static let syntax = Syntax(flags: ["--all", "--json"])

    /// Finished jobs without a builder, too.
    let all: Bool
    let json: Bool

    init(_ arguments: inout Arguments) {
        all = arguments.has("--all")
        json = arguments.has("--json")
    }

    func run(for principal: Principal, in context: SessionContext) throws(Refusal) -> (any RunningCommand)? {
        guard all else {
            context.service.liveJobs(of: principal.person, shared: true) {
                show($0, principal.person, context)
            }
            return nil
        }
        guard let service = context.service.selfService else { throw .notOffered("“list --all”") }
        service.jobs(owner: principal.person.id, live: false, shared: true) {
            show($0, principal.person, context)
        }
        return nil
    }

    private func show(
        _ result: Result<[Job], ServiceError>, _ person: Person, _ context: SessionContext
    ) {
        switch result {
        case .success(let jobs):
            context.answer(["jobs": jobs.map { JobView(job: $0, isInvited: true) }], json: json) {
                jobs.isEmpty ? "" : JobTable(jobs, for: person).text
            }
            if jobs.isEmpty, !json {
                context.say(all ? "You have no job." : "You have no running job and no kept builder.")
            }
        case .failure(let error) where error.code == .notOffered: context.refuse(.notOffered("“list”"))
        case .failure(let error): context.refuse(.serviceRefused(error, Self.manual.name))
        }
    }
}
