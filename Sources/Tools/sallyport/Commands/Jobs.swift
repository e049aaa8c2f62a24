import ArgumentParser
import BuildAPI
import Presentation
import ServiceClient

/// `jobs`: lists jobs.
struct Jobs: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List jobs, newest first.")

    @Option(help: "Only this person's; by default everyone's.") var owner: String?
    @Flag(help: "Include finished jobs.") var all = false
    @OptionGroup var part: ListOptions
    @OptionGroup var options: ServiceOptions

    func run() {
        reporting { () throws(Failure) in
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
}
