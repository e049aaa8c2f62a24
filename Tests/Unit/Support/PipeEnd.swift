import CLinux
import Glibc

/// One end of a pipe, or of a pair of sockets.
///
/// What one end does is not seen at the other at once: a program that another test is just starting has a copy of each
/// descriptor until its execve(2), and one that is not closed there has it for as long as it runs.
public enum PipeEnd {
    /// A pipe whose ends block, and which no program inherits.
    public static func blockingPair() -> (read: CInt, write: CInt) {
        var ends: [CInt] = [-1, -1]
        precondition(sp_pipe(&ends) == 0)
        for end in ends { precondition(sp_fcntl(end, F_SETFL, 0) == 0) }
        return (ends[0], ends[1])
    }

    /// Closes it, and returns when the other end sees that.
    ///
    /// - Parameter other: if it is no pipe any more, its pipe has been handed over, and nobody waits.
    public static func close(_ descriptor: CInt, seenBy other: CInt) {
        Glibc.close(descriptor)
        var status = stat()
        guard fstat(other, &status) == 0, status.st_mode & S_IFMT == S_IFIFO else { return }
        waitUntilAlone(other)
    }

    /// Returns when nobody has the other end any more.
    public static func waitUntilAlone(_ descriptor: CInt) {
        var state = pollfd(fd: descriptor, events: 0, revents: 0)
        while poll(&state, 1, 60_000) < 0, errno == EINTR {}
        precondition(
            state.revents & Int16(POLLHUP | POLLERR) != 0, "somebody keeps the other end open")
    }
}
