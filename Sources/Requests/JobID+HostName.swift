import BuildAPI

extension JobID {
    /// The job of a builder that a client calls `42`, `job-42` or `job-42.<suffix>`.
    init(hostName: String) throws(RequestError) {
        let label = hostName.prefix { $0 != "." }
        let suffix = hostName.dropFirst(label.count + 1)
        let name = label.hasPrefix("job-") ? label.dropFirst(4) : label
        let isWhole = label.count == hostName.count
        guard isWhole || label.hasPrefix("job-") && HostName.isValid(String(suffix)), let job = JobID(name)
        else { throw RequestError(.malformedJob, word: hostName) }
        self = job
    }
}
