import FoundationEssentials
import Glibc

/// Where settings are written in sshd's configuration files, to name the place in a sentence. Which of them counts, sshd itself
/// says: see ``EffectiveSettings``.
struct SettingPlaces: Sendable {
    struct Place: Equatable, Sendable {
        var file: String
        /// Counted from 1.
        var line: Int
        /// In lower case.
        var keyword: String
        var value: String
        /// The criteria of the `Match` block that it is in; nil: it is global.
        var match: String?
    }

    private(set) var all: [Place] = []

    /// Files include others no deeper than this: sshd's own limit (servconf.c).
    private static let deepest = 16

    /// - Parameters:
    ///   - file: sshd's configuration file.
    ///   - folder: of files that an `Include` names without a folder.
    init(of file: String, folder: String = "/etc/ssh") {
        read(file, folder: folder, match: nil, depth: 0)
    }

    /// Where a keyword has a value, in the order in which sshd reads them.
    func places(of keyword: String, with value: String) -> [Place] {
        all.filter { $0.keyword == keyword && $0.value.lowercased() == value.lowercased() }
    }

    private mutating func read(_ file: String, folder: String, match: String?, depth: Int) {
        guard depth <= Self.deepest, let data = FileManager.default.contents(atPath: file) else { return }
        var match = match
        let lines = String(decoding: data, as: UTF8.self).split(
            omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (index, text) in lines.enumerated() {
            guard let (keyword, value) = Self.setting(text) else { continue }
            switch keyword {
            // A block ends with its file.
            case "match": match = value
            case "include":
                for pattern in Self.words(value) {
                    for included in Self.files(
                        matching: pattern.hasPrefix("/") ? pattern : "\(folder)/\(pattern)")
                    {
                        read(included, folder: folder, match: match, depth: depth + 1)
                    }
                }
            default:
                all.append(
                    Place(file: file, line: index + 1, keyword: keyword, value: value, match: match))
            }
        }
    }

    /// `Keyword value`, `Keyword=value`; nil: a comment, or nothing.
    private static func setting(_ line: Substring) -> (keyword: String, value: String)? {
        let text = line.drop(while: \.isWhitespace)
        guard let first = text.first, first != "#" else { return nil }
        let keyword = text.prefix { !$0.isWhitespace && $0 != "=" }
        var rest = text.dropFirst(keyword.count).drop(while: \.isWhitespace)
        if rest.first == "=" { rest = rest.dropFirst().drop(while: \.isWhitespace) }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        if let comment = rest.firstRange(of: " #") { rest = rest[..<comment.lowerBound] }
        return (keyword.lowercased(), String(rest))
    }

    private static func words(_ value: String) -> [String] {
        value.split(whereSeparator: \.isWhitespace).map { $0.filter { $0 != "\"" } }
    }

    /// In the order of glob(3), as sshd reads them.
    private static func files(matching pattern: String) -> [String] {
        var found = glob_t()
        defer { globfree(&found) }
        guard glob(pattern, 0, nil, &found) == 0 else { return [] }
        return (0..<Int(found.gl_pathc)).compactMap { found.gl_pathv[$0].map { String(cString: $0) } }
    }
}
