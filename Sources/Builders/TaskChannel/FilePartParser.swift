package import Provider

/// Reads what ``CollectScript`` prints, in pieces of any size. What a builder sends that is not of this form is an error.
///
///     file SIZE NAME\n, SIZE bytes, then whole\n or changed\n
///     none INDEX\n, link NAME\n, other NAME\n, unreadable NAME\n, large SIZE NAME\n, many\n
///     end\n
package struct FilePartParser: Sendable {
    private enum State: Equatable {
        case line
        /// Bytes of a file that have not come.
        case content(Int)
        /// What comes after a file.
        case verdict
        case ended
    }

    /// Bytes of one line: the longest path that Linux has, and some.
    private static let longestLine = 4200
    /// Bytes of a file, for which there is no room anywhere.
    private static let largestSize = 1 << 50

    private var state = State.line
    private var line: [UInt8] = []

    package init() {}

    /// Whether everything has come.
    package var isComplete: Bool { state == .ended }

    package mutating func take(_ bytes: [UInt8]) throws(BuilderError) -> [FilePart] {
        var parts: [FilePart] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            switch state {
            case .ended: throw Self.malformed("something follows the end")
            case .content(let missing):
                let piece = rest.prefix(missing)
                rest = rest.dropFirst(missing)
                parts.append(.bytes(Array(piece)))
                state = piece.count == missing ? .verdict : .content(missing - piece.count)
            case .line, .verdict:
                let piece = rest.prefix { $0 != UInt8(ascii: "\n") }
                line += piece
                guard line.count <= Self.longestLine else { throw Self.malformed("a line is too long") }
                rest = rest.dropFirst(piece.count)
                guard !rest.isEmpty else { break }
                rest = rest.dropFirst()
                let words = String(decoding: line, as: UTF8.self)
                line = []
                if let part = try part(words) { parts.append(part) }
            }
        }
        return parts
    }

    private mutating func part(_ line: String) throws(BuilderError) -> FilePart? {
        guard state == .line else {
            state = .line
            switch line {
            case "whole": return .end(isWhole: true)
            case "changed": return .end(isWhole: false)
            default: throw Self.malformed("after a file: \(line)")
            }
        }
        let words = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        switch (words[0], words.dropFirst().first) {
        case ("end", nil):
            state = .ended
            return nil
        case ("many", nil): return .omission(.tooMany)
        case ("none", let index?):
            guard let index = Self.number(index) else { throw Self.malformed(line) }
            return .omission(.noMatch(pattern: index))
        case ("link", let name?): return .omission(.link(String(name)))
        case ("other", let name?): return .omission(.notAFile(String(name)))
        case ("unreadable", let name?): return .omission(.unreadable(String(name)))
        case ("large", let rest?):
            let (size, name) = try Self.file(rest)
            return .omission(.tooLarge(name, size: size))
        case ("file", let rest?):
            let (size, name) = try Self.file(rest)
            state = size == 0 ? .verdict : .content(size)
            return .file(name: name, size: size)
        default: throw Self.malformed(line)
        }
    }

    private static func file(_ text: Substring) throws(BuilderError) -> (size: Int, name: String) {
        let words = text.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        guard words.count == 2, let size = number(words[0]) else { throw malformed(String(text)) }
        return (size, String(words[1]))
    }

    private static func number(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(text),
            number <= largestSize
        else { return nil }
        return number
    }

    private static func malformed(_ detail: String) -> BuilderError {
        BuilderError(.commandFailed, detail: "a list of files: \(detail)")
    }
}
