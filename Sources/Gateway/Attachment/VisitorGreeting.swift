import AuthorizedKeys

/// What a person's process says when it wants a stream to an attached machine: one line.
struct VisitorGreeting: Equatable {
    enum Kind: Equatable {
        /// The gateway's own SSH connection.
        case program
        /// The person's own client, which logs in with this key.
        case proxy(PublicKey)
    }

    /// The most bytes of the line: a key has at most 32 KiB of base64.
    static let longest = 34 << 10

    let session: String
    let kind: Kind

    init(session: String, kind: Kind) {
        (self.session, self.kind) = (session, kind)
    }

    /// Nil if the line is none. Only processes of the account can connect, so this never happens to people.
    ///
    /// - Parameter line: without its end.
    init?(_ line: String) {
        let words = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        guard words.count >= 3, words[0] == "session", (1...64).contains(words[1].utf8.count),
            words[1].utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x7a).contains($0) })
        else { return nil }
        session = words[1]
        switch (words[2], words.count) {
        case ("program", 3): kind = .program
        case ("proxy", 5):
            guard let key = try? PublicKey(type: words[3], base64: words[4]) else { return nil }
            kind = .proxy(key)
        default: return nil
        }
    }

    /// With its end.
    var line: String {
        switch kind {
        case .program: "session \(session) program\n"
        case .proxy(let key): "session \(session) proxy \(key.line)\n"
        }
    }
}
