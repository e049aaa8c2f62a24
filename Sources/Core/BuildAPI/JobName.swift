/// A name that an attached machine's job has besides its id: 1 to 40 of `[A-Za-z0-9_-]`, the first of them a letter.
///
/// It is unique among its owner's live jobs, and never looks like an id of sallyport-runner, which has digits only.
public struct JobName: Hashable, Sendable, LosslessStringConvertible {
    public let description: String

    /// Nil if the text is not such a name.
    public init?(_ text: String) {
        guard JobID(text) != nil, text.utf8.count <= 40, let first = text.unicodeScalars.first,
            first.properties.isAlphabetic, !text.lowercased().hasPrefix("job-")
        else { return nil }
        description = text
    }

    private init(unchecked text: String) { description = text }

    /// NAME, NAME-2 … NAME-5: what a job is called if the ones before are taken.
    public var alternatives: [JobName] {
        // A name has at most 40 bytes.
        [self] + (2...5).map { JobName(unchecked: "\(description.prefix(38))-\($0)") }
    }
}
