/// Rows under headings, in columns as wide as they need to be. Cells are hostile text.
public struct Table {
    private let indent: String
    private let width: Int?
    private var rows: [[String]]

    /// - Parameters:
    ///   - indent: how many spaces each line begins with.
    ///   - width: of a line; the last column of wider lines is cut, to at least four characters. Nil: no
    ///     limit.
    public init(_ headings: [String], indent: Int = 0, width: Int? = nil) {
        self.indent = String(repeating: " ", count: indent)
        self.width = width
        rows = [headings]
    }

    /// - Parameter cells: as many as there are headings.
    public mutating func add(_ cells: [String]) {
        rows.append(cells.map { HostileText.printable($0) })
    }

    /// Without spaces at their ends.
    public var lines: [String] {
        let widths = rows[0].indices.dropLast().map { column in rows.map { $0[column].count }.max() ?? 0 }
        let room = width.map { max(4, $0 - indent.count - widths.reduce(0) { $0 + $1 + 2 }) }
        return rows.map { row in
            var line = indent
            for (cell, width) in zip(row, widths) {
                line += cell + String(repeating: " ", count: width - cell.count + 2)
            }
            let last = row[row.count - 1]
            if let room, last.count > room { line += last.prefix(room - 1) + "…" } else { line += last }
            while line.last == " " { line.removeLast() }
            return line
        }
    }

    /// All lines, each with its end.
    public var text: String { lines.map { $0 + "\n" }.joined() }
}
