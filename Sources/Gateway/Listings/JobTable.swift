import BuildAPI
import FoundationEssentials
import Presentation

/// Jobs in aligned columns, within 80 characters if their names are short.
struct JobTable {
    private static let width = 80
    private var table = Table(
        ["JOB", "STATUS", "BUILDER", "LEFT", "INSIDE", "NOTE"], indent: 2, width: width)

    /// - Parameter now: the time from which LEFT counts.
    init(_ jobs: [Job], now: Date = .now) {
        for job in jobs {
            let names = job.sessions.reduce(into: [String]()) { names, session in
                let name = HostileText.printable(session.person.name, limit: 16)
                if !names.contains(name) { names.append(name) }
            }
            let inside = names.count > 2 ? names.prefix(1) + ["\(names.count - 1) more"] : names[...]
            table.add([
                "\(job.id)", job.status.rawValue, job.builder?.state.rawValue ?? "-",
                job.builder == nil ? "-" : job.deadline.map { TimeLeft.text(until: $0, from: now) } ?? "-",
                inside.isEmpty ? "-" : inside.joined(separator: ", "),
                job.note ?? "",
            ])
        }
    }

    var lines: [String] { table.lines }

    var text: String { table.text }
}
