import ArgumentParser
import BuildAPI
import FoundationEssentials
import Presentation
import ServiceClient

/// `allocations`: machines that nobody needs any more, and that their pools have not taken back for an hour.
struct Allocations: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List machines of finished jobs that their pools have not taken back for an hour.")

    @OptionGroup var options: ServiceOptions

    func run() {
        reporting { () throws(Failure) in
            let list: AllocationList = try options.ask { $0.overdueReleases($1) }
            try options.answer(list) {
                guard !list.allocations.isEmpty else { return "Every machine was taken back." }
                var table = Table(["ALLOCATION", "POOL", "JOB", "SINCE", "ENTERED"])
                for left in list.allocations {
                    table.add([
                        left.allocation, left.pool, "\(left.job)", left.since.formatted(.iso8601),
                        left.entered ? "yes" : "no",
                    ])
                }
                return table.lines.joined(separator: "\n")
            }
        }
    }
}
