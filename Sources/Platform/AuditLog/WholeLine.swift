import Glibc

/// A line at the end of a file: all of it, or nothing.
package enum WholeLine {
    /// - Parameter size: of the file, so far.
    /// - Returns: why nothing was written; nil: everything was.
    package static func append(_ line: [UInt8], to file: CInt, size: Int) -> String? {
        var count = -1
        repeat { count = write(file, line, line.count) } while count < 0 && errno == EINTR
        guard count != line.count else { return nil }
        let reason = count < 0 ? String(cString: strerror(errno)) : "the disk is full"
        if count > 0 { ftruncate(file, off_t(size)) }
        return reason
    }
}
