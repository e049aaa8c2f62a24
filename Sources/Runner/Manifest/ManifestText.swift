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

    /// Bytes suffice: no other character has those of LF or CR in it.
    private static func lines(of text: String) -> [Substring.UnicodeScalarView] {
        let (feed, carriageReturn) = (UInt8(ascii: "\n"), UInt8(ascii: "\r"))
        let bytes = text.utf8
        var lines: [Substring.UnicodeScalarView] = []
        var start = bytes.startIndex
        while let end = bytes[start...].firstIndex(where: { $0 == feed || $0 == carriageReturn }) {
            lines.append(text[start..<end].unicodeScalars)
            start = bytes.index(after: end)
            if bytes[end] == carriageReturn, start < bytes.endIndex, bytes[start] == feed {
                start = bytes.index(after: start)
            }
        }
        return lines + [text[start...].unicodeScalars]
    }

    /// The first characters that are refused everywhere, and how many more there are: there can be one for each byte.
    private static func refused(
        in lines: [Substring.UnicodeScalarView]
    ) -> (faults: [ManifestFault], more: Int) {
        var faults: [ManifestFault] = []
        var more = 0
        for (index, line) in lines.enumerated() where canHoldRefused(Substring(line).utf8) {
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

    /// Whether one of these characters can be refused everywhere: a control, U+2028, U+2029 or U+FEFF. A manifest can be long,
    /// and looking at its bytes takes a tenth of the time.
    static func canHoldRefused(_ bytes: Substring.UTF8View) -> Bool {
        var (beforeLast, last): (UInt8, UInt8) = (0, 0)
        for byte in bytes {
            switch byte {
            case 0x09: break
            case 0x00...0x1f, 0x7f: return true
            case 0x80...0x9f where last == 0xc2: return true
            case 0xa8...0xa9 where (beforeLast, last) == (0xe2, 0x80): return true
            case 0xbf where (beforeLast, last) == (0xef, 0xbb): return true
            default: break
            }
            (beforeLast, last) = (last, byte)
        }
        return false
    }
}
