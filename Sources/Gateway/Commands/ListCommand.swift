import BuildAPI
import CommandGrammar
import Policy
import ServiceClient

/// `list`: lists the person's jobs, those of their groups, and those that others share with them.
struct ListCommand: Command, PersonalCommand {
    static let manual = Manual(
        name: "list", aliases: ["ls", "jobs", "ps"], synopsis: "list [--all] [options]",
        summary: "list your jobs that are running or whose builder is kept",
        details: """
            With --all, finished ones too. LEFT is how long the builder will stay. Jobs of your groups and those
            that others share with you are there too, after your own; then OWNER says whose they are.
            -n N          only the newest N, at most 1000
            --before JOB  only jobs that are older than this one
            --json        as JSON; if it has a next, there are older jobs: --before NEXT
            If there are older jobs than a list has room for, the command that lists them follows it.
            """)
    static let syntax = Syntax(flags: ["--all", "--json"], values: ["-n", "--before"])

    /// Finished jobs without a builder, too.
    let all: Bool
    let json: Bool
    let page: PageRequest

    init(_ arguments: inout Arguments) throws(UsageError) {
        all = arguments.has("--all")
        json = arguments.has("--json")
        page = PageRequest(
            limit: try arguments.count("-n", in: PageRequest.limits),
            after: try arguments.job("--before")?.description)
    }

    private struct View: Encodable {
        let jobs: [JobView]
        /// With `--before`, it lists the older ones; nil: there are none.
        let next: String?
    }

    func run(for principal: Principal, in context: SessionContext) throws(Refusal) -> (any RunningCommand)? {
        let person = principal.person
        let name = Self.manual.name
        guard let service = context.service.selfService else { throw .notOffered("“\(name)”") }
        service.jobs(owner: person.id, live: !all, shared: true, page: page) { result in
            switch result {
            case .success(let list): show(list, person, context)
            case .failure(let error): context.refuse(.serviceRefused(error, name))
            }
        }
        return nil
    }

    private func show(_ list: JobList, _ person: Person, _ context: SessionContext) {
        context.answer(
            View(jobs: list.jobs.map { JobView(job: $0, isInvited: true) }, next: list.next), json: json
        ) {
            list.jobs.isEmpty ? "" : JobTable(list.jobs, for: person).text
        }
        if !json, let sentence = sentence(about: list, context) { context.say(sentence) }
    }

    /// What is not in the table.
    private func sentence(about list: JobList, _ context: SessionContext) -> String? {
        var options = all ? ["--all"] : []
        if let limit = page.limit { options += ["-n", "\(limit)"] }
        if let older = OlderJobs(after: list, options: options, in: context) { return older.sentence }
        guard list.jobs.isEmpty else { return nil }
        let what = all ? "no job" : "no running job and no kept builder"
        return "You have \(what)\(page.after.map { " older than job \($0)" } ?? "")."
    }
}
