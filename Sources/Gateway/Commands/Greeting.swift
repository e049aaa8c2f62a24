import AuthorizedKeys
import BuildAPI
import Policy
import Presentation
import ServiceClient

/// The greeting for a login without a command, which no verb asks for: who the person is, what they have, and what
/// they do next.
struct Greeting: PersonalCommand {
    func run(for principal: Principal, in context: SessionContext) -> (any RunningCommand)? {
        context.service.liveJobs(of: principal.person, shared: true) { result in
            switch result {
            case .success(let jobs): askForKeys(principal, jobs, context)
            case .failure(let error) where error.code == .notOffered: askForKeys(principal, nil, context)
            case .failure(let error): context.refuse(.service(error))
            }
        }
        return nil
    }

    /// After the jobs, over the same connection.
    private func askForKeys(_ principal: Principal, _ jobs: [Job]?, _ context: SessionContext) {
        guard let service = context.service.selfService else {
            return greet(principal, jobs, NewKeys(.success([]), in: context), context)
        }
        service.keys(owner: principal.person.id) { answer in
            greet(principal, jobs, NewKeys(answer, in: context), context)
        }
    }

    /// - Parameter jobs: nil: the service cannot list them.
    private func greet(
        _ principal: Principal, _ jobs: [Job]?, _ newKeys: NewKeys, _ context: SessionContext
    ) {
        context.journal.note("greeting \(principal.person.record) key=\(context.key.fingerprint)")
        let example = NextSteps.example(for: principal.person, jobs)
        context.withSetUpLine(for: example) { setUpLine in
            context.answer(text(for: principal, jobs, newKeys, setUpLine, context))
        }
    }

    /// - Parameter jobs: nil: the service cannot list them.
    private func text(
        for principal: Principal, _ jobs: [Job]?, _ newKeys: NewKeys, _ setUpLine: String,
        _ context: SessionContext
    ) -> String {
        var lines = ["Hello \(principal.person.printableName)."] + newKeys.lines
        lines.append("")
        if let jobs, jobs.isEmpty {
            lines.append("You have no running job and no kept builder.")
        } else if let jobs {
            lines.append("Your jobs:")
            lines.append("")
            lines += JobTable(jobs, for: principal.person).lines
        } else {
            lines.append("The build service here cannot list your jobs. Name the job in each command.")
        }
        lines.append("")
        let next = NextSteps(for: principal, jobs, setUpLine: setUpLine, in: context).lines
        lines += next.map { "\($0.purpose):".padded(to: 35) + $0.commandLine }
        return lines.joined(separator: "\n") + "\n"
    }
}
