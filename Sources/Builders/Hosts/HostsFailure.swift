import Glibc

/// Why something did not work, in words for an administrator and the job's log.
struct HostsFailure: Error, Equatable {
    var reason: String
    /// errno(3), if it was a file.
    var code: Int32?
    /// Whether nothing is wrong, and only more time is needed.
    var isUnfinished = false

    init(_ reason: String) { self.reason = reason }

    static func folder(_ path: String, _ code: Int32) -> HostsFailure {
        var failure = HostsFailure("\(path): \(String(cString: strerror(code)))")
        failure.code = code
        return failure
    }

    static func unfinished(_ reason: String) -> HostsFailure {
        var failure = HostsFailure(reason)
        failure.isUnfinished = true
        return failure
    }
}
