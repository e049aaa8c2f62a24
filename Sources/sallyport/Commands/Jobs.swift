import ArgumentParser
import BuildAPI
import Presentation
import ServiceClient

/// `jobs`: what is there.
struct Jobs: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show jobs, the newest first.")

    @Option(help: "Whose; without it, everybody's.") var owner: String?
    @Flag(help: "Those too that are over.") var all = false
    @OptionGroup var options: ServiceOptions

    func run() {
        reporting { () throws(Failure) in
            let jobs = try options.ask { $0.jobs(owner: owner, live: !all, $1) }
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
