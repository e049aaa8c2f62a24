/// What somebody asks for with the words after the host's name: SSH_ORIGINAL_COMMAND, parsed.
///
///     connect [--now] [job] [-- command…] | connect [--now] job command…
///     tail [--raw] [job]
///
/// The grammar is one of bytes: blanks separate words and there is no quoting, because ssh(1) has joined the words
/// with blanks already. What follows the job of `connect` goes to the builder verbatim.
public enum Request: Equatable, Sendable {
    /// No command at all: who are you, and what can be done here?
    case greet
    /// A shell on the job's builder, or a command there.
    ///
    /// - job: nil for the caller's only live job.
    /// - now: goes in while tasks still run.
    /// - command: nil for a shell; else never empty, byte for byte as the person wrote it.
    case connect(job: JobID?, now: Bool, command: [UInt8]?)
    /// The job's logs until it ends.
    ///
    /// - raw: escape sequences pass unfiltered.
    case tail(job: JobID?, raw: Bool)

    /// - Parameter originalCommand: the bytes of SSH_ORIGINAL_COMMAND; nil where it is not set.
    public init(originalCommand: [UInt8]?) throws(RequestError) {
        var words = Words(originalCommand ?? [])
        guard let verb = words.next() else {
            self = .greet
            return
        }
        switch verb {
        case "connect": self = try Self.connect(&words)
        case "tail": self = try Self.tail(&words)
        default: throw RequestError(.unknownVerb, word: verb)
        }
    }

    private static func connect(_ words: inout Words) throws(RequestError) -> Request {
        var now = false
        while let word = words.peek(), word.starts(with: "-"), word != "--" {
            guard word == "--now" else { throw RequestError(.unknownOption, word: word) }
            now = true
            _ = words.next()
        }
        var job: JobID?
        if let word = words.peek(), word != "--" {
            guard let identifier = JobID(word) else { throw RequestError(.malformedJob, word: word) }
            job = identifier
            _ = words.next()
        }
        if words.peek() == "--" { _ = words.next() }
        let command = words.rest
        return .connect(job: job, now: now, command: command.isEmpty ? nil : command)
    }

    private static func tail(_ words: inout Words) throws(RequestError) -> Request {
        var raw = false
        while let word = words.peek(), word.starts(with: "-") {
            guard word == "--raw" else { throw RequestError(.unknownOption, word: word) }
            raw = true
            _ = words.next()
        }
        var job: JobID?
        if let word = words.next() {
            guard let identifier = JobID(word) else { throw RequestError(.malformedJob, word: word) }
            job = identifier
        }
        if let word = words.next() { throw RequestError(.tooManyWords, word: word) }
        return .tail(job: job, raw: raw)
    }
}

/// The words of a command line; what is behind them can be taken as it is.
private struct Words {
    private var bytes: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) {
        self.bytes = bytes[...].drop(while: Self.isBlank)
    }

    /// The next word without taking it. Bytes that are not UTF-8 become U+FFFD, which no word of ours holds.
    func peek() -> String? {
        let word = bytes.prefix { !Self.isBlank($0) }
        return word.isEmpty ? nil : String(decoding: word, as: UTF8.self)
    }

    mutating func next() -> String? {
        defer { bytes = bytes.drop { !Self.isBlank($0) }.drop(while: Self.isBlank) }
        return peek()
    }

    /// Everything that has not been taken, trailing blanks included.
    var rest: [UInt8] { Array(bytes) }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\n")
            || byte == UInt8(ascii: "\r")
    }
}
