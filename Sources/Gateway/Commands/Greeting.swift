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
            case .success(let list): askForKeys(principal, list, context)
            case .failure(let error) where error.code == .notOffered: askForKeys(principal, nil, context)
            case .failure(let error): context.refuse(.service(error))
            }
        }
        return nil
    }

    /// After the jobs, over the same connection.
    private func askForKeys(_ principal: Principal, _ list: JobList?, _ context: SessionContext) {
        guard let service = context.service.selfService else {
            return greet(principal, list, NewKeys(.success([]), in: context), context)
        }
        service.keys(owner: principal.person.id) { answer in
            greet(principal, list, NewKeys(answer.map(\.keys), in: context), context)
        }
    }

    /// - Parameter list: nil: the service cannot list jobs.
    private func greet(
        _ principal: Principal, _ list: JobList?, _ newKeys: NewKeys, _ context: SessionContext
    ) {
        context.journal.note("greeting \(principal.person.record) key=\(context.key.fingerprint)")
        let example = NextSteps.example(for: principal.person, list?.jobs)
        context.withSetUpLine(for: example.map { "\($0.id)" } ?? "JOB", on: example?.builder) { setUpLine in
            context.answer(text(for: principal, list, newKeys, setUpLine, context))
        }
    }

    /// - Parameter list: nil: the service cannot list jobs.
    private func text(
        for principal: Principal, _ list: JobList?, _ newKeys: NewKeys, _ setUpLine: String,
        _ context: SessionContext
    ) -> String {
        var lines = ["Hello \(principal.person.printableName)."] + newKeys.lines
        lines.append("")
        if let list, list.jobs.isEmpty, list.next == nil {
            lines.append("You have no running job and no kept builder.")
        } else if let list {
            lines.append("Your jobs:")
            lines.append("")
            lines += JobTable(list.jobs, for: principal.person).lines
            let notices = list.jobs.filter { Standing(of: principal, to: $0).isOwners }.flatMap(
                \.spokenAdministratorEntries)
            if !notices.isEmpty { lines += [""] + notices }
            lines += OlderJobs(after: list, in: context).map { ["", $0.sentence] } ?? []
        } else {
            lines.append("The build service here cannot list your jobs. Name the job in each command.")
        }
        lines.append("")
        let next = NextSteps(for: principal, list?.jobs, setUpLine: setUpLine, in: context).lines
        lines += next.map { "\($0.purpose):".padded(to: 35) + $0.commandLine }
        return lines.joined(separator: "\n") + "\n"
    }
}
