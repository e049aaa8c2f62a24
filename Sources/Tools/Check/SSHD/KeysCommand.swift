import AuthorizedKeys

/// sshd's AuthorizedKeysCommand: the program and its arguments.
struct KeysCommand: Equatable, Sendable {
    var words: [String]

    /// - Parameter value: as `sshd -T` prints it; nil: there is no such program.
    init?(_ value: String) {
        guard value != "none" else { return nil }
        words = value.split(separator: " ").map { $0.filter { $0 != "\"" } }
        guard !words.isEmpty else { return nil }
    }

    var program: String { words[0] }

    /// Whether it is Sallyport's.
    var isOurs: Bool { program.hasSuffix("/sallyport-dispatch") }

    /// Of its programs; nil: it is not Sallyport's.
    var folder: String? {
        guard isOurs, let slash = program.lastIndex(of: "/") else { return nil }
        return String(program[..<slash])
    }

    /// The tokens that this sshd does not replace: then it refuses every login, which `sshd -t` does not notice.
    func unknownTokens(of version: OpenSSHVersion) -> [String] {
        var known: Set<Character> = ["%", "f", "h", "k", "t", "U", "u"]
        if version >= OpenSSHVersion(9, 4) { known.formUnion(["C", "D"]) }
        var unknown: [String] = []
        for word in words {
            var rest = word[...]
            while let start = rest.firstIndex(of: "%") {
                let token = rest[rest.index(after: start)...].first
                if token.map({ !known.contains($0) }) ?? true {
                    unknown.append("%" + (token.map(String.init) ?? ""))
                }
                rest = rest[start...].dropFirst(2)
            }
        }
        return unknown
    }

    /// The words with which sshd starts it for a key that is offered.
    func words(for key: PublicKey, account: String, home: String) -> [String] {
        words.map { word in
            var text = ""
            var rest = word[...]
            while let character = rest.popFirst() {
                guard character == "%", let token = rest.popFirst() else {
                    text.append(character)
                    continue
                }
                switch token {
                case "u": text += account
                case "h": text += home
                case "t": text += key.type
                case "k": text += key.base64
                case "f": text += key.fingerprint
                case "%": text += "%"
                default: text += "%\(token)"
                }
            }
            return text
        }
    }

    /// What it is asked, as it understands that itself; throws what it would write to the system log.
    func offer(of key: PublicKey, account: String, home: String) throws(OfferError) -> KeyOffer {
        try KeyOffer(arguments: words(for: key, account: account, home: home))
    }
}
