/// The text of a manifest, and its lines, as YAML counts them.
struct ManifestText {
    let text: String
    /// Without their ends: a line ends with LF, CR, or both.
    private let lines: [Substring.UnicodeScalarView]

    /// Takes UTF-8, with a byte order mark or without.
    init(_ bytes: some Collection<UInt8>) throws(RunnerError) {
        let mark: [UInt8] = [0xef, 0xbb, 0xbf]
        let content = bytes.starts(with: mark) ? bytes.dropFirst(mark.count) : bytes.dropFirst(0)
        if Self.isWide(content) {
            throw RunnerError([
                ManifestFault(sentence: "expected UTF-8; save the file as UTF-8, not as UTF-16")
            ])
        }
        guard let text = String(validating: content, as: UTF8.self) else {
            throw RunnerError([Self.firstFault(in: content)])
        }
        self.text = text
        lines = Self.lines(of: text)
        let (faults, more) = Self.refused(in: lines)
        guard faults.isEmpty else { throw RunnerError(faults, more: more) }
    }

    /// Empty if there is no such line.
    func line(_ number: Int) -> Substring.UnicodeScalarView {
        lines.indices.contains(number - 1) ? lines[number - 1] : "".unicodeScalars[...]
    }

    /// The number of the first line like that.
    func firstLine(where matches: (Substring.UnicodeScalarView) -> Bool) -> Int? {
        lines.firstIndex(where: matches).map { $0 + 1 }
    }

    /// Whether it is UTF-16 or UTF-32: it begins with a mark, or every second byte is zero.
    private static func isWide(_ bytes: some Collection<UInt8>) -> Bool {
        let sample = Array(bytes.prefix(64))
        if sample.starts(with: [0xff, 0xfe]) || sample.starts(with: [0xfe, 0xff]) { return true }
        return sample.count >= 4 && sample.count(where: { $0 == 0 }) * 3 > sample.count
    }

    /// The first byte that is not UTF-8.
    private static func firstFault(in bytes: some Collection<UInt8>) -> ManifestFault {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var decoded = String.UnicodeScalarView()
        while case .scalarValue(let scalar) = decoder.decode(&iterator) { decoded.append(scalar) }
        let lines = lines(of: String(decoded))
        let place = TextPlace(line: lines.count, column: (lines.last?.count ?? 0) + 1)
        return ManifestFault(
            place: place, showsColumn: true, sentence: "this byte is not UTF-8; save the file as UTF-8")
    }

    private static func lines(of text: String) -> [Substring.UnicodeScalarView] {
        let scalars = text.unicodeScalars
        var lines: [Substring.UnicodeScalarView] = []
        var start = scalars.startIndex
        var index = start
        while index < scalars.endIndex {
            let next = scalars.index(after: index)
            switch scalars[index] {
            case "\r" where next < scalars.endIndex && scalars[next] == "\n": break
            case "\n", "\r":
                var end = index
                if scalars[index] == "\n", index > start {
                    let before = scalars.index(before: index)
                    if scalars[before] == "\r" { end = before }
                }
                lines.append(Substring(scalars[start..<end]).unicodeScalars)
                start = next
            default: break
            }
            index = next
        }
        return lines + [Substring(scalars[start...]).unicodeScalars]
    }

    /// The first characters that are refused everywhere, and how many more there are: there can be one for each byte.
    private static func refused(
        in lines: [Substring.UnicodeScalarView]
    ) -> (faults: [ManifestFault], more: Int) {
        var faults: [ManifestFault] = []
        var more = 0
        for (index, line) in lines.enumerated() {
            for (column, scalar) in line.enumerated() {
                guard let character = InvisibleCharacter(scalar), character.isRefusedEverywhere else {
                    continue
                }
                guard faults.count < RunnerError.namedFaults else {
                    more += 1
                    continue
                }
                faults.append(
                    ManifestFault(
                        place: TextPlace(line: index + 1, column: column + 1), showsColumn: true,
                        sentence: character.sentence))
            }
        }
        return (faults, more)
    }
}
