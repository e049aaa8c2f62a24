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
        let example = jobs?.first.map { "\($0.id)" } ?? "JOB"
        context.withSetUpLine(for: example) { setUpLine in
            context.answer(text(for: person, jobs, example, setUpLine, context))
        }
    }

    /// - Parameters:
    ///   - jobs: nil: the service cannot list them, so that it probably has no logs and takes no jobs either.
    ///   - example: the job in the lines to copy.
    private func text(
        for person: Person, _ jobs: [Job]?, _ example: String, _ setUpLine: String, _ context: SessionContext
    ) -> String {
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
        lines.append("")
        var examples = [
            ("Open a shell on a job's machine", context.commandLine("connect \(example)", terminal: true)),
            ("Run one command there", context.commandLine("connect \(example) COMMAND")),
        ]
        if jobs != nil || context.service.selfService == nil {
            examples.append(("Follow a job's log", context.commandLine("tail \(example)")))
        }
        examples.append(("Use an editor, scp, rsync, ports", setUpLine))
        if jobs != nil, context.service.selfService != nil {
            examples.append(("Submit a job", context.commandLine("submit --follow <job.yaml")))
        }
        examples.append(("List all commands", context.commandLine("help")))
        for (purpose, line) in examples {
            lines.append("\(purpose):".padded(to: 35) + line)
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
