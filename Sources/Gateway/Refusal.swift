/// Why somebody does not get what they asked for: a sentence for them, the cause for the administrator.
struct Refusal: Error, Equatable {
    let status: ExitStatus
    /// One plain sentence and what to do next. No path, address or token; hostile text is escaped.
    let sentence: String
    /// For the log.
    let cause: String
    let remedy: Remedy?

    /// What the person could do at once, where they can be asked.
    enum Remedy {
        case acceptTerms
    }

    init(_ status: ExitStatus, _ sentence: String, cause: String, remedy: Remedy? = nil) {
        self.status = status
        self.sentence = sentence
        self.cause = cause
        self.remedy = remedy
    }
}
