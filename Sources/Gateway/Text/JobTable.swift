import BuildService

/// Jobs in aligned columns, within 80 characters.
enum JobTable {
    static func lines(_ jobs: [Job]) -> [String] {
        let rows = jobs.map { job in
            [
                "\(job.id)", job.status.rawValue,
                job.builder.map { "builder \($0.state.rawValue)" } ?? "no builder",
                HostileText.printable(job.note ?? "", limit: 40),
            ]
        }
        let widths = (0..<3).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            var line = " "
            for (column, width) in widths.enumerated() {
                line += " " + row[column] + String(repeating: " ", count: width - row[column].count) + " "
            }
            line += " " + row[3]
            while line.last == " " { line.removeLast() }
            return line
        }
    }
}
