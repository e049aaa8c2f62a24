import AuthorizedKeys
import BuildAPI
import CommandGrammar
import Policy
import Presentation
import ServiceClient

/// `artifacts`: lists the files that a job's tasks have left behind, or writes one of them, or all, to standard output.
struct ArtifactsCommand: JobCommand {
    static let manual = Manual(
        name: "artifacts", aliases: ["artifact", "download"],
        synopsis: "artifacts <job> [NAME | --tar] [--json]",
        summary: "list the files that a job has left behind, or fetch them",
        details: """
            One file: artifacts 42 NAME >file. All of them: artifacts 42 --tar | tar x
            Exit status 0: the whole of it has been written. A job's manifest says which files are kept.
            Of a job that somebody has entered before its tasks had ended, nothing is given out, unless
            its manifest says that it may be.
            """)
    static let syntax = Syntax(flags: ["--tar", "--json"])
    static let action = Action.look

    let job: JobID?
    let what: What

    enum What: Equatable {
        case list(json: Bool)
        case file(String)
        case tar
    }

    init(_ arguments: inout Arguments) throws(UsageError) {
        try arguments.exclude("--tar", with: "--json")
        job = try arguments.job()
        let isTar = arguments.has("--tar")
        let json = arguments.has("--json")
        if var name = arguments.optionalWord() {
            // The client's shell has taken the quotes around a name with blanks.
            while let word = arguments.optionalWord() { name += " \(word)" }
            guard !isTar, !json else { throw UsageError(.contradiction, word: isTar ? "--tar" : "--json") }
            what = .file(name)
        } else {
            what = isTar ? .tar : .list(json: json)
        }
    }

    func run(_ permit: Permit, in context: SessionContext) throws(Refusal) -> (any RunningCommand)? {
        guard let service = context.service.artifacts else {
            throw .notOffered("“\(Self.manual.name)”")
        }
        context.journal.note(
            "artifacts\(note) job=\(permit.job.id) \(permit.person.record) key=\(context.key.fingerprint)")
        guard case .list(let json) = what else {
            guard !context.environment.hasTerminal else { throw .artifactToTerminal(permit.job.id) }
            let session = ArtifactSession(what, permit, of: service, in: context)
            session.start()
            return session
        }
        service.artifacts(of: permit.job.id, for: permit.person) { result in
            switch result {
            case .success(let list): show(list, of: permit.job.id, json: json, in: context)
            case .failure(let error): context.refuse(.serviceRefused(error, Self.manual.name))
            }
        }
        return nil
    }

    /// For the journal: what leaves the service.
    private var note: String {
        switch what {
        case .list: ""
        case .file(let name): " file \(HostileText.printable(name, limit: 200))"
        case .tar: " tar"
        }
    }

    private func show(_ list: ArtifactList, of job: JobID, json: Bool, in context: SessionContext) {
        context.answer(list, json: json) { list.artifacts.isEmpty ? "" : ArtifactTable(list).text }
        guard !json else { return }
        if list.artifacts.isEmpty { context.say("Job \(job) has left no artifact behind.") }
        if let sentence = list.withheld { context.say(HostileText.printable(sentence, limit: 400)) }
    }
}
