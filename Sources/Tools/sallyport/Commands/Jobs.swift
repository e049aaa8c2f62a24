import ArgumentParser
import BuildAPI
import Presentation
import ServiceClient

/// `jobs`: lists jobs.
struct Jobs: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List jobs, newest first.")

    @Option(help: "Only this person's; by default everyone's.") var owner: String?
    @Flag(help: "Include finished jobs.") var all = false
    @OptionGroup var options: ServiceOptions

    func run() {
        reporting { () throws(Failure) in
            let jobs = try options.ask { $0.jobs(owner: owner, live: !all, shared: false, $1) }
            try options.answer(JobList(jobs: jobs)) {
                var table = Table(["JOB", "OWNER", "STATUS", "BUILDER", "SESSIONS", "NOTE"])
                for job in jobs {
                    table.add([
                        "\(job.id)", job.owner.name, job.status.rawValue, job.builder?.state.rawValue ?? "-",
                        job.sessions.isEmpty ? "-" : "\(job.sessions.count)", job.note ?? "",
                    ])
                }
                return table.lines.joined(separator: "\n")
            }
        }
    }
}
