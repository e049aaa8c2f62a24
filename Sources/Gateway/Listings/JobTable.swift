import BuildAPI
import FoundationEssentials
import Presentation

/// Jobs in aligned columns, within 80 characters if their names are short.
struct JobTable {
    private static let width = 80
    private var table: Table

    /// - Parameters:
    ///   - person: whose jobs come first; if there are others, a column says whose they are.
    ///   - now: the time from which LEFT counts.
    init(_ jobs: [Job], for person: Person, now: Date = .now) {
        let own = jobs.filter { $0.owner.isSame(as: person) }
        let shared = jobs.filter { !$0.owner.isSame(as: person) }
        table = Table(
            ["JOB", "STATUS", "BUILDER", "LEFT", "INSIDE"] + (shared.isEmpty ? [] : ["OWNER"]) + ["NOTE"],
            indent: 2, width: Self.width)
        for job in own + shared {
            let names = job.sessions.reduce(into: [String]()) { names, session in
                let name = HostileText.printable(session.person.name, limit: 16)
                if !names.contains(name) { names.append(name) }
            }
            let inside = names.count > 2 ? names.prefix(1) + ["\(names.count - 1) more"] : names[...]
            let name = HostileText.printable(job.owner.name, limit: 16)
            let owner = shared.isEmpty ? [] : [job.owner.isSame(as: person) ? "you" : name]
            table.add(
                [
                    "\(job.id)", job.isFresh && job.status == .success ? "fresh" : job.status.rawValue,
                    job.builder?.state.rawValue ?? "-",
                    job.builder == nil
                        ? "-" : job.deadline.map { TimeLeft.text(until: $0, from: now) } ?? "-",
                    inside.isEmpty ? "-" : inside.joined(separator: ", "),
                ] + owner + [job.note ?? ""])
        }
    }

    var lines: [String] { table.lines }

    var text: String { table.text }
}
