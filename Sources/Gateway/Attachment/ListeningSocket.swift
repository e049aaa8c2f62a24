import CLinux
import EventLoop
import Glibc

/// A Unix socket for processes of the account; it goes with its last reference.
final class ListeningSocket {
    private let path: String
    private let descriptor: CInt
    private var watch: Watch?

    private static let backlog: CInt = 64

    /// - Parameter accepted: owns the connection, which does not block.
    init(
        at path: String, on loop: EventLoop, accepted: @escaping (CInt) -> Void
    ) throws(AttachmentFolder.Failure) {
        descriptor = sp_listen(path, Self.backlog)
        guard descriptor >= 0 else {
            throw AttachmentFolder.Failure(cause: "\(path): \(String(cString: strerror(errno)))")
        }
        self.path = path
        watch = loop.watch(descriptor, for: .readable) { [descriptor] _ in
            var user = uid_t.max
            let connection = sp_accept(descriptor, &user)
            guard connection >= 0 else { return }
            guard user == geteuid() else {
                close(connection)
                return
            }
            accepted(connection)
        }
    }

    deinit {
        watch?.cancel()
        unlink(path)
        close(descriptor)
    }
}
