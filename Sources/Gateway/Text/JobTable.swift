import BuildAPI
import FoundationEssentials

/// Jobs in aligned columns, within 80 characters as long as their names are short.
struct JobTable {
    private static let width = 80
    private static let heads = ["JOB", "STATUS", "BUILDER", "LEFT", "INSIDE"]
    private let rows: [[String]]

    /// - Parameter now: from when time is left.
    init(_ jobs: [Job], now: Date = .now) {
        rows = jobs.map { job in
            let names = job.sessions.reduce(into: [String]()) { names, session in
                let name = HostileText.printable(session.person.name, limit: 16)
                if !names.contains(name) { names.append(name) }
            }
            let inside = names.count > 2 ? names.prefix(1) + ["\(names.count - 1) more"] : names[...]
            return [
                "\(job.id)", job.status.rawValue, job.builder?.state.rawValue ?? "-",
                job.builder == nil ? "-" : job.deadline.map { TimeLeft.text(until: $0, from: now) } ?? "-",
                inside.isEmpty ? "-" : inside.joined(separator: ", "),
                HostileText.printable(job.note ?? ""),
            ]
        }
    }

    var lines: [String] {
        let widths = Self.heads.indices.map { column in
            ([Self.heads] + rows).map { $0[column].count }.max() ?? 0
        }
        let room = Self.width - 2 - widths.reduce(0) { $0 + $1 + 2 }
        return ([Self.heads + ["NOTE"]] + rows).map { row in
            var line = "  "
            for (word, width) in zip(row, widths) {
                line += word + String(repeating: " ", count: width - word.count + 2)
            }
            line += row[5].count > max(4, room) ? row[5].prefix(max(4, room) - 1) + "…" : row[5]
            while line.last == " " { line.removeLast() }
            return line
        }
    }

    var text: String { lines.joined(separator: "\n") + "\n" }
}
