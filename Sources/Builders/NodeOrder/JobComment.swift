/// The comment of a builder's Slurm job: for people who look at the queue, and how the node reports to the allocator.
///
/// Words, the first of which is ours: `sallyport pool=cluster job=42 owner=alice port=22011 key=ssh-ed25519:AAAA`. Slurm
/// takes 1024 bytes, which is enough for three host keys of a usual length.
package struct JobComment: Equatable, Sendable {
    /// What has become of the machine.
    package enum Report: Equatable, Sendable {
        /// Its SSH server answers on that port of the node, with these keys, `<type> <base64>`.
        case ready(port: Int, hostKeys: [String])
        /// One sentence.
        case failed(String)
    }

    package var pool: String
    package var job: String
    package var owner: String
    /// Nil: there is none yet.
    package var report: Report?

    package static let longest = 1024

    /// Names with other characters than usual have `_` in their place.
    package init(pool: String, job: String, owner: String, report: Report? = nil) {
        self.pool = Self.word(pool)
        self.job = Self.word(job)
        self.owner = Self.word(owner)
        self.report = report
    }

    /// The form in which a name is in a comment.
    package static func word(_ name: String) -> String {
        let kept = name.unicodeScalars.prefix(64).map { scalar -> Character in
            let isUsual =
                scalar.isASCII
                && (scalar.properties.isAlphabetic || "0123456789._@+-".unicodeScalars.contains(scalar))
            return isUsual ? Character(scalar) : "_"
        }
        return kept.isEmpty ? "_" : String(kept)
    }

    package var text: String {
        var words = ["sallyport", "pool=\(pool)", "job=\(job)", "owner=\(owner)"]
        switch report {
        case .ready(let port, let hostKeys):
            words.append("port=\(port)")
            words += hostKeys.map { "key=\($0.replacing(" ", with: ":"))" }
        case .failed(let sentence):
            words.append("failed=\(Self.line(sentence))")
        case nil: break
        }
        return words.joined(separator: " ")
    }

    /// Nil: it is not ours.
    package init?(_ text: String) {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        guard words.first == "sallyport" else { return nil }
        var values: [Substring: Substring] = [:]
        var keys: [String] = []
        for (index, word) in words.enumerated().dropFirst() {
            guard let equals = word.firstIndex(of: "=") else { continue }
            let value = word[word.index(after: equals)...]
            switch word[..<equals] {
            case "key": keys.append(String(value.replacing(":", with: " ")))
            case "failed":
                // The last one: a sentence.
                let rest = words[(index + 1)...].map { " \($0)" }.joined()
                values["failed"] = value + rest
            case let name where values["failed"] == nil: values[name] = value
            default: break
            }
            if values["failed"] != nil { break }
        }
        guard let pool = values["pool"], let job = values["job"], let owner = values["owner"] else {
            return nil
        }
        let report: Report? =
            if let sentence = values["failed"] {
                .failed(String(sentence))
            } else if let port = values["port"].flatMap({ Int($0) }), !keys.isEmpty {
                .ready(port: port, hostKeys: keys)
            } else {
                nil
            }
        self.init(pool: String(pool), job: String(job), owner: String(owner), report: report)
    }

    /// A sentence as a part of the comment: on one line, and not too long.
    private static func line(_ sentence: String) -> String {
        String(
            String.UnicodeScalarView(
                sentence.unicodeScalars.prefix(300).map {
                    (32..<127).contains($0.value) && $0 != "|" ? $0 : "?"
                }))
    }
}
