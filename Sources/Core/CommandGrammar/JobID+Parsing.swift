public import BuildAPI

extension JobID {
    /// The job of a builder that a client calls `42`, `job-42` or `job-42.<suffix>`.
    public init(hostName: String) throws(UsageError) {
        let label = hostName.prefix { $0 != "." }
        let suffix = hostName.dropFirst(label.count + 1)
        let name = label.hasPrefix("job-") ? label.dropFirst(4) : label
        let isWhole = label.count == hostName.count
        guard isWhole || label.hasPrefix("job-") && HostName.isValid(String(suffix)), let job = JobID(name)
        else { throw UsageError(.malformedJob, word: hostName) }
        self = job
    }

    /// The job with this id.
    init(named word: String) throws(UsageError) {
        guard let identifier = JobID(word) else { throw UsageError(.malformedJob, word: word) }
        self = identifier
    }
}
