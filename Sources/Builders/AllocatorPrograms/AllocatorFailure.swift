package import AllocatorProtocol
import Glibc

/// Why something did not work, in words for an administrator and the job's log.
package struct AllocatorFailure: Error, Equatable {
    package var reason: String
    /// errno(3), if it was a file.
    package var code: Int32?
    /// Whether nothing is wrong, and only more time is needed.
    package var isUnfinished = false

    package init(_ reason: String) { self.reason = reason }

    package static func folder(_ path: String, _ code: Int32) -> AllocatorFailure {
        var failure = AllocatorFailure("\(path): \(String(cString: strerror(code)))")
        failure.code = code
        return failure
    }

    package static func unfinished(_ reason: String) -> AllocatorFailure {
        var failure = AllocatorFailure(reason)
        failure.isUnfinished = true
        return failure
    }
}

extension AllocatorEnd {
    /// A full disk is not for ever.
    package init(_ failure: AllocatorFailure) {
        let isFull = failure.code == ENOSPC || failure.code == EDQUOT
        self.init(isFull || failure.isUnfinished ? AllocatorWire.Status.notNow : 1, failure.reason)
    }
}
