import BuildAPI
import FoundationEssentials
import Policy
import Presentation
import ServiceClient

/// What a person does next, as lines to copy: only what they are allowed to do, and the service offers.
struct NextSteps {
    typealias Line = (purpose: String, commandLine: String)

    private let principal: Principal
    private let jobs: [Job]?
    private let setUpLine: String
    private let context: SessionContext

    /// - Parameters:
    ///   - jobs: the live ones; nil: the service cannot list them.
    ///   - setUpLine: the command line that sets the person's own ssh up.
    init(for principal: Principal, _ jobs: [Job]?, setUpLine: String, in context: SessionContext) {
        self.principal = principal
        self.jobs = jobs
        self.setUpLine = setUpLine
        self.context = context
    }

    var lines: [Line] {
        let help = [("List all commands", context.commandLine("help"))]
        // A service that cannot list jobs probably takes none either.
        guard let jobs else { return aboutAnyJob + help }
        guard let job = Self.mostUrgent(jobs, for: principal.person) else {
            return submitting(isFirst: true) + help
        }
        return about(job) + submitting(isFirst: false) + help
    }

    /// One's own come before others', and among them a failed job whose machine waits before those that run.
    private static func mostUrgent(_ jobs: [Job], for person: Person) -> Job? {
        let own = jobs.filter { $0.owner.isSame(as: person) }
        let others = jobs.filter { !$0.owner.isSame(as: person) }
        for jobs in [own, others] {
            if let job = jobs.first(where: { $0.builder?.state == .kept }) ?? jobs.first { return job }
        }
        return nil
    }

    private func about(_ job: Job) -> [Line] {
        let connect = context.commandLine("connect \(job.id)", terminal: true)
        let tail = ("Follow its log", context.commandLine("tail \(job.id)"))
        guard job.builder?.state == .kept else {
            let enter = context.commandLine("connect --now \(job.id)", terminal: true)
            return [("Enter the machine of job \(job.id)", enter), tail]
        }
        var lines = [("Enter the machine of job \(job.id)", connect), ("Read its log", tail.1)]
        if let permit = try? Permit.decide(.extend, on: job.id, job, for: principal),
            let deadline = job.deadline, let latest = job.maxDeadline,
            latest.timeIntervalSince(deadline) >= 3600,
            let extend = context.entryCommands(for: permit).extend
        {
            lines.append(("Keep it for another hour", extend))
        }
        lines.append(("Use an editor, scp, rsync, ports", setUpLine))
        return lines
    }

    private var aboutAnyJob: [Line] {
        var lines = [("Enter a job's machine", context.commandLine("connect JOB", terminal: true))]
        if context.service.selfService == nil {
            lines.append(("Follow a job's log", context.commandLine("tail JOB")))
        }
        return lines + [("Use an editor, scp, rsync, ports", setUpLine)]
    }

    /// The job that the lines are about; nil: they are about any.
    static func example(for person: Person, _ jobs: [Job]?) -> Job? { mostUrgent(jobs ?? [], for: person) }

    private func submitting(isFirst: Bool) -> [Line] {
        guard context.service.selfService != nil else { return [] }
        let submit = ("Submit a job", context.commandLine("submit --follow <job.yaml"))
        return isFirst ? [("See what it can start from", context.commandLine("images")), submit] : [submit]
    }
}
