import Glibc

/// One end of a pipe.
public enum PipeEnd {
    /// Closes it, and returns when the other end sees that. At once, it would not: a program that another test is just
    /// starting has a copy of each descriptor until its execve(2).
    ///
    /// - Parameter other: if it is no pipe any more, its pipe has been handed over, and nobody waits.
    public static func close(_ descriptor: CInt, seenBy other: CInt) {
        Glibc.close(descriptor)
        var status = stat()
        guard fstat(other, &status) == 0, status.st_mode & S_IFMT == S_IFIFO else { return }
        var state = pollfd(fd: other, events: 0, revents: 0)
        while poll(&state, 1, 60_000) < 0, errno == EINTR {}
        precondition(
            state.revents & Int16(POLLHUP | POLLERR) != 0, "somebody keeps the end of a pipe open")
    }
}
