import AuthorizedKeys
import BuildAPI
import Policy
import Presentation
import ServiceClient

/// The greeting for a login without a command, which no verb asks for: who the person is, and what they can do here.
struct Greeting: PersonalCommand {
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

    /// - Parameter jobs: nil: the service cannot list them.
    private func text(for person: Person, _ jobs: [Job]?, _ context: SessionContext) -> String {
        var lines = ["Hello \(person.printableName)."]
        lines.append("")
        if let jobs, jobs.isEmpty {
            lines.append("You have no running job and no kept builder.")
        } else if let jobs {
            lines.append("Your jobs:")
            lines.append("")
            lines += JobTable(jobs).lines
        } else {
            lines.append("The build service here cannot list your jobs. Name the job in each command.")
        }
        let example = jobs?.first.map { "\($0.id)" } ?? "JOB"
        lines.append("")
        var examples = [
            ("Open a shell on a job's machine", context.commandLine("connect \(example)", terminal: true)),
            ("Run one command there", context.commandLine("connect \(example) COMMAND")),
            ("Follow a job's log", context.commandLine("tail \(example)")),
            ("Use an editor, scp, rsync, ports", context.setUpLine(for: example)),
        ]
        if context.service.selfService != nil {
            examples.append(("Submit a job", context.commandLine("submit --follow <job.yaml")))
        }
        examples.append(("List all commands", context.commandLine("help")))
        for (purpose, line) in examples {
            lines.append("\(purpose):".padded(to: 35) + line)
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
