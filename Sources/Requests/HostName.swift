/// Names of hosts, as they may stand in a client's configuration.
public enum HostName {
    /// Whether it is 1 to 253 of `[A-Za-z0-9.-]`, the first of them a letter or a digit: a name or an IPv4 address.
    public static func isValid(_ text: String) -> Bool {
        let bytes = text.utf8
        guard let first = bytes.first, first.isASCIILetterOrDigit, bytes.count <= 253 else { return false }
        return bytes.allSatisfy {
            $0.isASCIILetterOrDigit || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-")
        }
    }
}

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
