package import BuildAPI
import TOMLKit

/// A TOML document that remembers which keys were asked for.
package struct Document {
    private let path: String
    private let lines: [Substring]
    private let root: TOMLTable
    /// The keys that were asked for, by table.
    private(set) var known: [String: Set<String>] = [:]

    package init(_ text: String, path: String) throws(ConfigurationError) {
        self.path = path
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        do {
            root = try TOMLTable(string: text)
        } catch let error as TOMLParseError {
            throw ConfigurationError(
                path: path, line: error.source.begin.line, expected: "not TOML: \(error.description)")
        } catch {
            throw ConfigurationError(path: path, expected: "not TOML")
        }
    }

    package mutating func text(_ section: String, _ key: String) throws(ConfigurationError) -> String? {
        guard let value = try value(section, key) else { return nil }
        guard let text = value.string, !text.isEmpty, !text.unicodeScalars.contains(where: { $0.value < 32 })
        else {
            throw error(section, key, "expected a string in quotes, not empty")
        }
        return text
    }

    package mutating func hostName(_ section: String, _ key: String) throws(ConfigurationError) -> String? {
        guard let text = try text(section, key) else { return nil }
        guard HostName.isValid(text) else { throw error(section, key, "expected a host name") }
        return text
    }

    /// Nil: the key is missing.
    package mutating func texts(_ section: String, _ key: String) throws(ConfigurationError) -> [String]? {
        guard let value = try value(section, key) else { return nil }
        guard let array = value.array else { throw error(section, key, "expected a list of strings") }
        var texts: [String] = []
        for element in array {
            guard let text = element.string else { throw error(section, key, "expected a list of strings") }
            texts.append(text)
        }
        return texts
    }

    /// A list of strings. One string is a list of one.
    package mutating func words(_ section: String, _ key: String) throws(ConfigurationError) -> [String]? {
        if let word = try value(section, key)?.string, !word.isEmpty { return [word] }
        return try texts(section, key)
    }

    /// Whether the value is one string, and no list of them.
    package mutating func isText(_ section: String, _ key: String) throws(ConfigurationError) -> Bool {
        try value(section, key)?.string != nil
    }

    package mutating func architecture(
        _ section: String, _ key: String
    ) throws(ConfigurationError) -> Architecture? {
        guard let word = try text(section, key) else { return nil }
        guard let architecture = Architecture(word) else {
            throw error(section, key, "expected a processor architecture, such as \"x86_64\" or \"arm64\"")
        }
        return architecture
    }

    /// A list of them. One is a list of one.
    package mutating func architectures(
        _ section: String, _ key: String
    ) throws(ConfigurationError) -> [Architecture]? {
        guard let words = try words(section, key) else { return nil }
        let architectures = words.compactMap { Architecture($0) }
        guard architectures.count == words.count, Set(architectures).count == words.count else {
            throw error(section, key, "expected processor architectures, such as \"x86_64\" or \"arm64\"")
        }
        return architectures
    }

    package mutating func flag(
        _ section: String, _ key: String, default fallback: Bool
    ) throws(ConfigurationError) -> Bool {
        guard let value = try value(section, key) else { return fallback }
        guard let flag = value.bool else { throw error(section, key, "expected true or false") }
        return flag
    }

    package mutating func path(_ section: String, _ key: String, default fallback: String)
        throws(ConfigurationError)
        -> String
    {
        try path(section, key) ?? fallback
    }

    package mutating func path(_ section: String, _ key: String) throws(ConfigurationError) -> String? {
        guard let text = try text(section, key) else { return nil }
        guard text.hasPrefix("/") else { throw error(section, key, "expected an absolute path") }
        return text
    }

    package mutating func number(
        _ section: String, _ key: String, in range: ClosedRange<Int>
    ) throws(ConfigurationError) -> Int? {
        guard let value = try value(section, key) else { return nil }
        guard let number = value.int, range.contains(number) else {
            throw error(
                section, key, "expected a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    package mutating func number(
        _ section: String, _ key: String, in range: ClosedRange<Int>, default fallback: Int
    ) throws(ConfigurationError) -> Int {
        try number(section, key, in: range) ?? fallback
    }

    /// The same, or 0 for never.
    package mutating func numberOrNever(
        _ section: String, _ key: String, in range: ClosedRange<Int>, default fallback: Int
    ) throws(ConfigurationError) -> Int {
        guard let value = try value(section, key) else { return fallback }
        guard let number = value.int, number == 0 || range.contains(number) else {
            throw error(
                section, key,
                "expected a whole number from \(range.lowerBound) to \(range.upperBound), or 0 for never")
        }
        return number
    }

    package mutating func choice<Choice: RawRepresentable & CaseIterable>(
        _ section: String, _ key: String, default fallback: Choice
    ) throws(ConfigurationError) -> Choice where Choice.RawValue == String {
        guard let value = try value(section, key) else { return fallback }
        guard let text = value.string, let choice = Choice(rawValue: text) else {
            let choices = Choice.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
            throw error(section, key, "expected one of \(choices)")
        }
        return choice
    }

    /// The names of the tables `[section.key.NAME]`; such a table is then a section of that name.
    package mutating func tables(in section: String, _ key: String) throws(ConfigurationError) -> [String] {
        guard let value = try value(section, key) else { return [] }
        guard let names = value.table?.keys, value.table?.values.allSatisfy({ $0.table != nil }) == true
        else {
            throw error(section, key, "expected tables [\(section).\(key).NAME]")
        }
        for name in names { known["\(section).\(key).\(name)", default: []] = [] }
        return names
    }

    /// The table `[section.key]` of strings; keys with a slash or a dot are quoted in TOML.
    package mutating func pairs(_ section: String, _ key: String) throws(ConfigurationError) -> [String:
        String]
    {
        guard let value = try value(section, key) else { return [:] }
        guard let table = value.table else {
            throw error(section, key, "expected a table [\(section).\(key)]")
        }
        var pairs: [String: String] = [:]
        for name in table.keys { pairs[name] = try text("\(section).\(key)", name) }
        return pairs
    }

    /// The table of that name, whose parts are separated by dots; nil if there is none.
    private func table(_ section: String) throws(ConfigurationError) -> TOMLTable? {
        var table = root
        // Only the last part can contain dots: the name of an image, for example.
        for part in section.split(separator: ".", maxSplits: 2) {
            guard let entry = table[String(part)] else { return nil }
            guard let next = entry.table else {
                throw ConfigurationError(
                    path: path, line: line(section: nil, key: section), key: section,
                    expected: "expected a section")
            }
            table = next
        }
        return table
    }

    /// The last step: a key that no code asked for is a mistake, or meant for a later version.
    package func refuseWhatNobodyAskedFor() throws(ConfigurationError) {
        for section in root.keys where known[section] == nil {
            throw ConfigurationError(
                path: path, line: line(section: section, key: nil), key: section,
                expected: "unknown section; expected \(known.keys.sorted().joined(separator: ", "))")
        }
        for (section, keys) in known.sorted(by: { $0.key < $1.key }) {
            for key in try table(section)?.keys ?? [] where !keys.contains(key) {
                throw error(
                    section, key, "unknown key; expected one of \(keys.sorted().joined(separator: ", "))")
            }
        }
    }

    private mutating func value(
        _ section: String, _ key: String
    ) throws(ConfigurationError) -> (any TOMLValueConvertible)? {
        known[section, default: []].insert(key)
        return try table(section)?[key]
    }

    package func error(_ section: String, _ key: String, _ expected: String) -> ConfigurationError {
        ConfigurationError(
            path: path, line: line(section: section, key: key), key: "\(section).\(key)", expected: expected)
    }

    /// The line of a section, or of a key in it. TOMLKit keeps positions of syntax errors only, so this looks for the
    /// words; a key written in an unusual way (dotted, or quoted in part) is reported without a line.
    private func line(section: String?, key: String?) -> Int? {
        var current: Substring?
        for (index, line) in lines.enumerated() {
            let words = line.drop { $0 == " " || $0 == "\t" }
            if words.hasPrefix("["), let end = words.firstIndex(of: "]") {
                current = Substring(words[words.index(after: words.startIndex)..<end].filter { $0 != "\"" })
                if key == nil, current.map(String.init) == section { return index + 1 }
            } else if let key, current.map(String.init) == section,
                [key, "\"\(key)\""].contains(where: { Self.sets($0, words) })
            {
                return index + 1
            }
        }
        return nil
    }

    private static func sets(_ key: String, _ words: Substring) -> Bool {
        words.hasPrefix(key)
            && words.dropFirst(key.count).drop(while: { $0 == " " || $0 == "\t" }).hasPrefix("=")
    }
}
