public import AuthorizedKeys

/// The public keys in what a person has sent: the lines of a .pub file, or another form of the same.
///
/// Gateway, runner and operator's tool all judge with it. Whatever it accepts can log in to an sshd of OpenSSH 9.2 with
/// its own settings, as far as the public half tells. (A security key does not tell whether it signs without a touch.)
public struct SubmittedKeys: Sendable {
    public struct Key: Sendable, Equatable {
        public let key: PublicKey
        /// At most ``KeyComment/limit`` bytes.
        public let comment: String
        /// `<type> <base64> [comment]`
        public var line: String { comment.isEmpty ? key.line : "\(key.line) \(comment)" }

        fileprivate init(key: PublicKey, comment: String) {
            self.key = key
            self.comment = KeyComment.shortened(comment)
        }
    }

    /// At least one, each once, in the order in which they were sent.
    public private(set) var keys: [Key] = []

    /// The most lines that one key is broken into: the longest that can log in has 2800 bytes.
    private static let continuationLimit = 200
    /// The most keys at once.
    static let limit = 100

    /// All keys are good, or none is taken.
    ///
    /// - Parameter bytes: UTF-8 or UTF-16, with any line ends.
    public init(_ bytes: some Collection<UInt8>) throws(KeyFormError) {
        let text = SubmittedText(bytes)
        // First, before anything of it is repeated.
        guard !text.isPrivateKey else { throw .privateKey }
        if let form = text.foreignForm { throw form }
        var lines = text.lines[...]
        while let line = lines.popFirst() {
            let content = line.content
            if content.hasPrefix("---- BEGIN SSH2 PUBLIC KEY") {
                try add(try Self.block(&lines))
            } else {
                try add(try Self.key(in: line, continuedIn: &lines), line: line.number)
            }
        }
        guard !keys.isEmpty else { throw .none }
    }

    /// The only key.
    public static func one(in bytes: some Collection<UInt8>) throws(KeyFormError) -> Key {
        let keys = try SubmittedKeys(bytes).keys
        guard keys.count == 1 else { throw .tooMany(1) }
        return keys[0]
    }

    private mutating func add(_ key: Key, line: Int = 1) throws(KeyFormError) {
        if Certificate.isCertificate(key.key) { throw .certificate(line: line) }
        switch key.key.loginFault {
        case .damaged?: throw .damaged(line: line, "a part is missing")
        case .unacceptable(let reason)?: throw .unusable(line: line, reason)
        case nil: break
        }
        guard !keys.contains(where: { $0.key == key.key }) else { return }
        guard keys.count < Self.limit else { throw .tooMany(Self.limit) }
        keys.append(key)
    }

    // MARK: Forms

    /// A line, which a terminal or a mail can have broken into several.
    private static func key(
        in line: SubmittedText.Line, continuedIn lines: inout ArraySlice<SubmittedText.Line>
    ) throws(KeyFormError) -> Key {
        var words = line.content.split(whereSeparator: \.isWhitespace)
        if words.count == 1, let key = PublicKey(base64: words[0]) { return Key(key: key, comment: "") }
        let first = parse(line.content)
        if case .success(let key) = first, key.key.loginFault != .damaged { return key }
        guard let type = words.first, PublicKey.looksLikeType(type) else {
            throw Self.form(of: words, line.number)
        }
        // What follows belongs to it until it is whole.
        var rest = lines
        var joined = line.content
        for next in lines.prefix(Self.continuationLimit) {
            rest.removeFirst()
            words = next.content.split(whereSeparator: \.isWhitespace)
            guard let word = words.first, !PublicKey.looksLikeType(word) else { break }
            joined += (joined.contains(" ") ? "" : " ") + next.content
            if case .success(let key) = parse(joined), key.key.loginFault != .damaged {
                lines = rest
                return key
            }
        }
        switch first {
        case .success(let key): return key
        case .failure(let error): throw .damaged(line: line.number, error.description)
        }
    }

    private static func parse(_ line: String) -> Result<Key, KeyError> {
        do {
            let (key, comment) = try PublicKey.parse(line: line)
            return .success(Key(key: key, comment: comment))
        } catch {
            return .failure(error)
        }
    }

    /// What a line without a key at its beginning is.
    private static func form(of words: [Substring], _ line: Int) -> KeyFormError {
        guard let first = words.first else { return .unknown(line: line) }
        if let place = words.firstIndex(where: PublicKey.looksLikeType), place + 1 < words.count {
            let isHost = place == 1 && !first.contains("=") && (first.contains(".") || first.hasPrefix("|"))
            return isHost || first.hasPrefix("@") ? .knownHosts(line: line) : .options(line: line)
        }
        if words.contains(where: { $0.hasPrefix("SHA256:") || $0.hasPrefix("MD5:") }) { return .fingerprint }
        let isPath =
            first.hasPrefix("~") || first.hasPrefix("/") || first.hasPrefix("./") || first.contains("\\")
        if words.count == 1, isPath || first.hasSuffix(".pub") { return .fileName }
        return .unknown(line: line)
    }

    /// The rest of a block of RFC 4716, after its first line.
    private static func block(_ lines: inout ArraySlice<SubmittedText.Line>) throws(KeyFormError) -> Key {
        var base64 = ""
        var comment = ""
        var isContinued = false
        while let line = lines.popFirst()?.content {
            if line.hasPrefix("---- END SSH2 PUBLIC KEY") {
                guard let key = PublicKey(base64: Substring(base64)) else { break }
                return Key(key: key, comment: comment)
            }
            // Headers have a colon, which base64 has not; one that ends in a backslash goes on in the next line.
            if isContinued || line.contains(":") {
                if !isContinued, line.lowercased().hasPrefix("comment:") {
                    comment = Self.unquoted(line.dropFirst(8))
                }
                isContinued = line.hasSuffix("\\")
            } else {
                base64 += line
            }
        }
        throw .brokenBlock
    }

    /// A header's value without what surrounds it. The rest is as it was sent: what has been judged in it is still there.
    private static func unquoted(_ value: Substring) -> String {
        var value = value.drop { $0.isWhitespace || $0 == "\"" }
        while let last = value.last, last.isWhitespace || last == "\"" || last == "\\" { value.removeLast() }
        return String(value)
    }
}
