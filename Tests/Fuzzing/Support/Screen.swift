/// What a terminal shows of what is printed, as far as logs may use one: text, line ends, tabs, backspaces and styles.
///
/// Where terminals differ, it does what brings the cursor further to the left.
struct Screen: Equatable {
    struct Cell: Equatable {
        var scalar: Unicode.Scalar
        var isStyled: Bool
    }

    let width: Int
    /// Whether scalars of East Asia and emoji take two columns.
    let hasWideScalars: Bool
    private(set) var rows: [[Cell]] = [[]]
    /// The rows that a newline has begun, and not the terminal's width.
    private(set) var lineStarts = [0]
    private(set) var isStyled = false
    private var column = 0
    /// The last column is written: the cursor stays on it until the next character.
    private var isFull = false

    init(width: Int, hasWideScalars: Bool) {
        self.width = width
        self.hasWideScalars = hasWideScalars
    }

    /// - Parameter bytes: UTF-8, with complete sequences.
    mutating func take(_ bytes: [UInt8]) {
        var rest = String(decoding: bytes, as: UTF8.self).unicodeScalars[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\n":
                rows.append([])
                lineStarts.append(rows.count - 1)
                goTo(0)
            case "\r": goTo(0)
            case "\u{8}": goTo(max(0, column - 1))
            case "\t": goTo(min(width - 1, (column / 8 + 1) * 8))
            case "\u{1b}":
                let parameters = rest.dropFirst().prefix { $0 != "m" }
                isStyled = parameters.contains { $0 != "0" && $0 != ";" }
                rest = rest.dropFirst(parameters.count + 2)
            default: put(scalar)
            }
        }
    }

    /// What a line begins with; nil: there is nothing in it.
    func beginning(ofRow row: Int, _ count: Int) -> [Cell]? {
        rows[row].isEmpty ? nil : Array(rows[row].prefix(count))
    }

    private mutating func goTo(_ column: Int) {
        self.column = column
        isFull = false
    }

    private mutating func put(_ scalar: Unicode.Scalar) {
        let columns = columns(of: scalar)
        guard columns > 0 else { return }
        if isFull || column + columns > width {
            rows.append([])
            goTo(0)
        }
        let row = rows.count - 1
        while rows[row].count < column + columns { rows[row].append(Cell(scalar: " ", isStyled: false)) }
        for cell in column..<column + columns {
            rows[row][cell] = Cell(scalar: scalar, isStyled: isStyled)
        }
        isFull = column + columns == width
        column = min(column + columns, width - 1)
    }

    private func columns(of scalar: Unicode.Scalar) -> Int {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark, .format, .unassigned: 0
        default:
            switch scalar.value {
            // Vowels and finals of Hangul.
            case 0x1160...0x11ff, 0xd7b0...0xd7ff: 0
            case 0x1100...: hasWideScalars ? 2 : 1
            default: 1
            }
        }
    }
}
