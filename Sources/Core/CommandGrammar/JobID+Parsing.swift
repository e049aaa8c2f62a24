public import BuildAPI

extension JobID {
    /// The job that a person means, in each of the ways in which they meet its name: `42`, `job-42`, `#42`, the host name
    /// of its builder (`job-42.builds.example.org`), its page (`https://builds.example.org/~alice/job/42`), or one of these
    /// with a punctuation mark after it.
    ///
    /// An id that begins with `job-` itself is written with it twice, as in host names: `job-job-42`.
    public init(written word: String) throws(UsageError) {
        var name = word[...]
        while let last = name.last, ",;:.".contains(last) { name.removeLast() }
        if name.contains("/") {
            name = Self.lastPart(ofPage: name)
        } else if name.hasPrefix("#") {
            name.removeFirst()
        } else if name.hasPrefix("job-") {
            let label = name.prefix { $0 != "." }
            let suffix = name.dropFirst(label.count + 1)
            name = suffix.isEmpty || HostName.isValid(String(suffix)) ? label.dropFirst(4) : ""
        }
        guard let job = JobID(name) else { throw UsageError(.malformedJob, word: word) }
        self = job
    }

    /// What comes after `job/` or `jobs/` at the end of a URL, which can have lost its scheme; empty: nothing does.
    private static func lastPart(ofPage url: Substring) -> Substring {
        let parts = url.prefix { $0 != "#" && $0 != "?" }.split(separator: "/")
        guard parts.count > 1, ["job", "jobs"].contains(parts[parts.count - 2]) else { return "" }
        return parts[parts.count - 1]
    }
}
