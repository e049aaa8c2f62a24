import AuthorizedKeys
import BuildAPI
import CommandGrammar
import Policy
import Presentation
import ServiceClient

/// No words at all: who somebody is, and what they can do here.
struct Greeting: PersonalCommand {
    static let manual = Manual(name: "", synopsis: "", summary: "who you are, and what you can do here")

    init() {}
    init(_ arguments: inout Arguments) {}

    func run(for principal: Principal, in context: SessionContext) -> (any RunningCommand)? {
        context.service.liveJobs(of: principal.person) { result in
            switch result {
            case .success(let jobs): greet(principal.person, jobs, context)
            case .failure(let error) where error.code == .notOffered: greet(principal.person, nil, context)
            case .failure(let error): context.refuse(.service(error))
            }
        }
        return nil
    }

    private func greet(_ person: Person, _ jobs: [Job]?, _ context: SessionContext) {
        context.journal.note("greeting person=\(person.id) key=\(context.key.fingerprint)")
        context.answer(text(for: person, jobs, context))
    }

    /// - Parameter jobs: nil: the service does not say.
    private func text(for person: Person, _ jobs: [Job]?, _ context: SessionContext) -> String {
        var lines = ["Hello \(person.printableName)."]
        lines.append("")
        if let jobs, jobs.isEmpty {
            lines.append("You have no job that runs or whose builder is kept.")
        } else if let jobs {
            lines.append("Your jobs:")
            lines.append("")
            lines += JobTable(jobs).lines
        } else {
            lines.append("The build service here has no list of your jobs: name the one you mean.")
        }
        let example = jobs?.first.map { "\($0.id)" } ?? "JOB"
        lines.append("")
        for (purpose, line) in [
            ("A shell on the machine of a job", context.commandLine("connect \(example)", terminal: true)),
            ("One command there", context.commandLine("connect \(example) COMMAND")),
            ("A job's log, until it ends", context.commandLine("tail \(example)")),
            ("An editor, scp, rsync, ports", context.setUpLine(for: example)),
            ("All that can be done here", context.commandLine("help")),
        ] {
            lines.append("\(purpose):".padded(to: 35) + line)
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
