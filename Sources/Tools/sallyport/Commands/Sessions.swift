import ArgumentParser
import BuildAPI
import FoundationEssentials
import Presentation
import ServiceClient

/// `sessions`: who is inside what.
struct Sessions: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List who is inside which job's builder.")

    @Option(help: ArgumentHelp("Only in this job.", valueName: "job"), transform: JobArgument.read)
    var job: JobID?
    @Option(help: "Only this person's.") var person: String?
    @OptionGroup var options: ServiceOptions

    func run() {
        reporting { () throws(Failure) in
            let all = OpenSession.list(try jobs())
            let sessions = person.map { person in all.filter { $0.isOf(person) } } ?? all
            try options.answer(SessionList(sessions: sessions)) {
                guard !sessions.isEmpty else { return "Nobody is inside." }
                var table = Table(["SESSION", "PERSON", "JOB", "KIND", "FROM", "SINCE"])
                for session in sessions {
                    table.add([
                        session.session, session.person.name, "\(session.job)", session.kind.rawValue,
                        session.from, session.since.formatted(.iso8601),
                    ])
                }
                return table.lines.joined(separator: "\n")
            }
        }
    }

    private func jobs() throws(Failure) -> [Job] {
        guard let job else { return try options.liveJobs().jobs }
        return [try options.job(job)]
    }

    private struct SessionList: Encodable {
        let sessions: [OpenSession]
    }
}

/// `end-session`: ends one session at once.
struct EndSession: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "end-session",
        abstract: "End one session at once. The builder stays, and the person can come back.")

    @Argument(help: "The session, as sessions shows it.") var session: String
    @OptionGroup var options: ServiceOptions

    func run() {
        reporting { () throws(Failure) in
            guard
                let open = OpenSession.list(try options.liveJobs().jobs).first(where: {
                    $0.session == session
                })
            else {
                throw Failure(.noInput, "There is no session \(HostileText.printable(session, limit: 64)).")
            }
            let job = try options.ask { $0.endSession(session, in: open.job, $1) }
            try options.answer(job) {
                "The session of \(open.person.printableName) in job \(job.id) ends now. The builder stays."
            }
        }
    }
}

/// A session, with the job in whose builder it is.
struct OpenSession: Encodable {
    let session: String
    let person: Person
    let job: JobID
    let kind: Claim.Kind
    let from: String
    let since: Date

    /// Those of all these jobs, the oldest first.
    static func list(_ jobs: [Job]) -> [OpenSession] {
        jobs.flatMap { job in
            job.sessions.map {
                OpenSession(
                    session: $0.session, person: $0.person, job: job.id, kind: $0.kind, from: $0.from,
                    since: $0.since)
            }
        }.sorted { $0.since < $1.since }
    }

    /// - Parameter name: a person's name, or their id.
    func isOf(_ name: String) -> Bool { person.name == name || Person.isSame(person.id, name) }
}
