import BuildAPI

extension Request {
    /// Every verb but `connect`.
    static func parse(_ verb: Verb, _ words: Words) throws(RequestError) -> Request {
        var line = try Line(words, options: options(of: verb))
        let json = line.has("--json")
        let request: Request =
            switch verb {
            case .connect: .greet
            case .proxy: .proxy(job: try JobID(hostName: try line.word(.job)))
            case .knownHosts: .knownHosts(job: try line.optionalJob(), names: try line.hostNames())
            case .sshConfig: .sshConfig(try clientConfiguration(line))
            case .tail: .tail(job: try line.optionalJob(), raw: line.has("--raw"))
            case .show: .show(job: try line.job(), json: json)
            case .extend: try extend(&line, json: json)
            case .release: .release(job: try line.job(), confirmed: line.has("--yes"), json: json)
            case .hold: .hold(job: try line.job(), json: json)
            case .unhold: .unhold(job: try line.job(), json: json)
            case .share: .share(job: try line.job(), with: try line.word(.user), json: json)
            case .unshare: .unshare(job: try line.job(), with: try line.word(.user), json: json)
            case .cancel: .cancel(job: try line.job(), json: json)
            case .list: .list(all: line.has("--all"), json: json)
            case .submit: .submit(try submission(line))
            case .keys: .keys(try keys(&line), json: json)
            case .whoami: .whoami(json: json)
            case .acceptTerms: .acceptTerms
            case .help: .help(try line.optionalVerb())
            case .version: .version
            }
        try line.end()
        return request
    }

    /// Those that stand alone, those of ``Line/valued``, and `--note`, which takes words.
    private static func options(of verb: Verb) -> [String] {
        switch verb {
        case .knownHosts: ["--suffix", "--bare"]
        case .sshConfig: ["--suffix", "--bare", "--job", "--host", "--windows"]
        case .tail: ["--raw"]
        case .extend: ["--max", "--json"]
        case .release: ["--yes", "--json"]
        case .list: ["--all", "--json"]
        case .submit: ["--follow", "--note", "--private", "--public", "--json"]
        case .show, .hold, .unhold, .share, .unshare, .cancel, .keys, .whoami: ["--json"]
        case .connect, .proxy, .acceptTerms, .help, .version: []
        }
    }

    private static func extend(_ line: inout Line, json: Bool) throws(RequestError) -> Request {
        let job = try line.job()
        let word = line.optionalWord()
        if line.has("--max") {
            if let word { throw RequestError(.tooManyWords, word: word) }
            return .extend(job: job, by: .maximum, json: json)
        }
        guard let word else { return .extend(job: job, by: .time(defaultExtension), json: json) }
        guard let duration = Duration(written: word), duration > .zero else {
            throw RequestError(.malformedDuration, word: word)
        }
        return .extend(job: job, by: .time(duration), json: json)
    }

    private static func clientConfiguration(_ line: Line) throws(RequestError) -> ClientConfiguration {
        var configuration = ClientConfiguration()
        if let job = line.value(of: "--job") { configuration.job = try JobID(named: job) }
        configuration.names = try line.hostNames()
        configuration.host = try line.host("--host")
        configuration.windows = line.has("--windows")
        return configuration
    }

    private static func submission(_ line: Line) throws(RequestError) -> Submission {
        guard !(line.has("--private") && line.has("--public")) else {
            throw RequestError(.contradiction, word: "--public")
        }
        guard !(line.has("--follow") && line.has("--json")) else {
            throw RequestError(.contradiction, word: "--json")
        }
        var submission = Submission()
        submission.follow = line.has("--follow")
        submission.note = line.note
        submission.visibility = line.has("--private") ? .private : line.has("--public") ? .public : .unlisted
        submission.json = line.has("--json")
        return submission
    }

    private static func keys(_ line: inout Line) throws(RequestError) -> KeysRequest {
        switch line.optionalWord() {
        case nil, "list": return .list
        case "add": return .add
        case "remove": return .remove(fingerprint: try line.word(.fingerprint))
        case let word?: throw RequestError(.unknownVerb, word: "keys \(word)")
        }
    }
}

/// The words behind a verb, options taken out.
private struct Line {
    private var words: ArraySlice<String>
    private var options: Set<String> = []
    /// The words behind `--note`, up to the next option.
    private(set) var note: String?
    private var values: [String: String] = [:]

    /// Options that take one word.
    private static let valued: Set<String> = ["--suffix", "--job", "--host"]

    init(_ words: Words, options known: [String]) throws(RequestError) {
        var words = words
        var plain: [String] = []
        while let word = words.next() {
            guard word.hasPrefix("-") else {
                plain.append(word)
                continue
            }
            guard known.contains(word) else { throw RequestError(.unknownOption, word: word) }
            options.insert(word)
            if Self.valued.contains(word) {
                guard let value = words.next() else { throw RequestError(.missing(.value), word: word) }
                guard values[word] == nil else { throw RequestError(.contradiction, word: word) }
                values[word] = value
                continue
            }
            guard word == "--note" else { continue }
            var text: [String] = []
            while let next = words.peek(), !known.contains(next) {
                text.append(next)
                _ = words.next()
            }
            guard !text.isEmpty else { throw RequestError(.missing(.note), word: word) }
            note = Self.unquoted(text.joined(separator: " "))
        }
        self.words = plain[...]
    }

    /// Whoever quotes for a second shell, which there is none of here, means the text.
    private static func unquoted(_ text: String) -> String {
        for quote in ["\"", "'"] where text.count >= 2 && text.hasPrefix(quote) && text.hasSuffix(quote) {
            return String(text.dropFirst().dropLast())
        }
        return text
    }

    func has(_ option: String) -> Bool { options.contains(option) }

    func value(of option: String) -> String? { values[option] }

    /// The value of an option that is a host's name.
    func host(_ option: String) throws(RequestError) -> String? {
        guard let value = values[option] else { return nil }
        guard HostName.isValid(value) else { throw RequestError(.malformedHost, word: value) }
        return value
    }

    func hostNames() throws(RequestError) -> Request.HostNames {
        guard has("--bare") else { return .suffix(try host("--suffix")) }
        guard !has("--suffix") else { throw RequestError(.contradiction, word: "--bare") }
        return .bare
    }

    mutating func optionalWord() -> String? { words.popFirst() }

    mutating func word(_ what: RequestError.Part) throws(RequestError) -> String {
        guard let word = words.popFirst() else { throw RequestError(.missing(what), word: "") }
        return word
    }

    mutating func job() throws(RequestError) -> JobID { try JobID(named: try word(.job)) }

    mutating func optionalJob() throws(RequestError) -> JobID? {
        guard let word = words.popFirst() else { return nil }
        return try JobID(named: word)
    }

    mutating func optionalVerb() throws(RequestError) -> Verb? {
        guard let word = words.popFirst() else { return nil }
        guard let verb = Verb(rawValue: word) ?? Verb.aliases[word] else {
            throw RequestError(.unknownVerb, word: word)
        }
        return verb
    }

    func end() throws(RequestError) {
        if let word = words.first { throw RequestError(.tooManyWords, word: word) }
    }
}
