import BuildAPI

extension Request {
    /// `connect`: its options end at the job, and behind that everything is the builder's.
    static func connect(_ words: inout Words) throws(RequestError) -> Request {
        var now = false
        while let word = words.peek(), word.starts(with: "-"), word != "--" {
            guard word == "--now" else { throw RequestError(.unknownOption, word: word) }
            now = true
            _ = words.next()
        }
        var job: JobID?
        if let word = words.peek(), word != "--" {
            job = try JobID(named: word)
            _ = words.next()
        }
        if words.peek() == "--" { _ = words.next() }
        let command = words.rest
        return .connect(job: job, now: now, command: command.isEmpty ? nil : command)
    }
}

extension JobID {
    init(named word: String) throws(RequestError) {
        guard let identifier = JobID(word) else { throw RequestError(.malformedJob, word: word) }
        self = identifier
    }
}
