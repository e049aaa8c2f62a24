import ArgumentParser
import BuildAPI
import Presentation
import ServiceClient

/// `jobs`: all jobs, or all of an owner.
struct Jobs: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List jobs, say who uses how much, or cancel all jobs of an owner.",
        subcommands: [ListJobs.self, CancelJobs.self], defaultSubcommand: ListJobs.self)
}

/// `jobs list`, and `jobs --top`
struct ListJobs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List jobs, newest first; with --top, who uses how much.")

    @Option(help: "Only this person's, or with @ before its name this group's; by default everyone's.")
    var owner: String?
    @Flag(help: "Include finished jobs.") var all = false
    @Flag(help: "One line for each owner instead: jobs that wait and run, kept builders, sessions inside.")
    var top = false
    @OptionGroup var part: ListOptions
    @OptionGroup var options: ServiceOptions

    func validate() throws {
        guard !all || !top else {
            throw ValidationError("--top counts what is used now, so it cannot be combined with --all.")
        }
    }

    func run() {
        reporting { () throws(Failure) in
            guard !top else { return try showUse() }
            let list: JobList = try options.list(part.limit) {
                $0.jobs(owner: owner, live: !all, shared: false, page: $1, $2)
            }
            try options.answer(list) {
                var table = Table(["JOB", "OWNER", "STATUS", "BUILDER", "SESSIONS", "NOTE"])
                for job in list.jobs {
                    table.add([
                        "\(job.id)", job.owner.name, job.status.rawValue, Self.words(job.builder),
                        job.sessions.isEmpty ? "-" : "\(job.sessions.count)", job.note ?? "",
                    ])
                }
                return table.lines.joined(separator: "\n")
            }
        }
    }

    /// Its state, and what an operator should know about how it is executed.
    private static func words(_ builder: Job.Builder?) -> String {
        guard let builder else { return "-" }
        let words: [String?] = [
            builder.state.rawValue, builder.accelerator == .tcg ? "emulated" : nil,
            builder.isolated == false ? "not isolated" : nil,
        ]
        return words.compactMap(\.self).joined(separator: ", ")
    }

    private struct Use: Encodable {
        let owners: [OwnerUse]
    }

    private func showUse() throws(Failure) {
        let uses = OwnerUse.list(try options.liveJobs(of: owner).jobs).prefix(part.limit ?? .max)
        try options.answer(Use(owners: Array(uses))) {
            guard !uses.isEmpty else { return "Nobody uses anything." }
            var table = Table(["OWNER", "WAITING", "RUNNING", "KEPT", "SESSIONS"])
            for use in uses {
                table.add([
                    use.owner.name, "\(use.waiting)", "\(use.running)", "\(use.kept)", "\(use.sessions)",
                ])
            }
            return table.lines.joined(separator: "\n")
        }
    }
}

/// `jobs cancel`
struct CancelJobs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Cancel all jobs of an owner that have not ended, and end the builders of those that have.")

    @Option(help: "Whose: a person's name, or with @ before it a group's.") var owner: String
    @OptionGroup var options: ServiceOptions

    func run() {
        reporting { () throws(Failure) in
            // Whatever a service makes of the question, nobody else's jobs are touched.
            let jobs = try options.liveJobs(of: owner).jobs.filter {
                [$0.owner.name, $0.owner.id].contains(owner)
            }
            var changed: [Job] = []
            var failures: [Failure] = []
            for job in jobs {
                do throws(Failure) {
                    changed.append(try end(job))
                } catch {
                    failures.append(Failure(error.status, "Job \(job.id): \(error.sentence)"))
                    failures.last?.report()
                    // The others would wait in vain, one after the other.
                    if error.status == .unavailable { break }
                }
            }
            if options.json {
                try JSONOutput.print(JobList(jobs: changed))
            } else if jobs.isEmpty {
                print("\(HostileText.printable(owner)) has no live jobs.")
            }
            failures.first?.end()
        }
    }

    /// Ends it, and its builder, whatever has become of it since it was listed.
    ///
    /// - Returns: the job after that.
    private func end(_ job: Job) throws(Failure) -> Job {
        do throws(Failure) {
            return try act(on: job)
        } catch {
            let present = try options.job(job.id)
            if present.status.isFinal, present.builder == nil { return present }
            guard present.status.isFinal != job.status.isFinal else { throw error }
            return try act(on: present)
        }
    }

    private func act(on job: Job) throws(Failure) -> Job {
        let action = job.status.isFinal ? JobAction.releaseBuilder : .cancel
        let after = try options.ask { $0.perform(action, on: job.id, for: nil, $1) }
        if !options.json { print(job.status.isFinal ? after.spokenRelease : after.spokenCancellation) }
        return after
    }
}
