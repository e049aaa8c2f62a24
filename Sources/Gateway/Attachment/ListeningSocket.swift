import CLinux
import Connections
import EventLoop
import Glibc

/// A Unix socket for processes of the account; it goes with its last reference.
final class ListeningSocket {
    /// Whose processes can connect besides.
    private final class Guests { var users: Set<uid_t> = [] }

    private let path: String
    private let guests = Guests()
    private let descriptor: CInt
    /// Of the file; nil: there is none any more.
    private let number: ino_t?
    private var watch: Watch?

    private static let backlog: CInt = 64

    /// - Parameters:
    ///   - takingOver: from another process that listens there.
    ///   - accepted: owns the connection, which does not block.
    init(
        at path: String, takingOver: Bool = false, on loop: EventLoop, accepted: @escaping (CInt) -> Void
    ) throws(AttachmentFolder.Failure) {
        if takingOver { unlink(path) }
        descriptor = sp_listen(path, Self.backlog)
        guard descriptor >= 0 else {
            throw AttachmentFolder.Failure(cause: "\(path): \(String(cString: strerror(errno)))")
        }
        self.path = path
        number = Self.number(of: path)
        watch = loop.watch(descriptor, for: .readable) { [descriptor, guests] _ in
            var user = uid_t.max
            let connection = sp_accept(descriptor, &user)
            guard connection >= 0 else { return }
            guard user == geteuid() || guests.users.contains(user) else {
                close(connection)
                return
            }
            accepted(connection)
        }
    }

    /// Lets processes of one more user connect.
    func admit(_ user: uid_t) throws(AttachmentFolder.Failure) {
        guests.users.insert(user)
        try AttachmentFolder.permit(user, to: .connect, at: path)
    }

    deinit {
        watch?.cancel()
        // Another one can have taken over.
        if number != nil, Self.number(of: path) == number { unlink(path) }
        close(descriptor)
    }

    private static func number(of path: String) -> ino_t? {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_ino : nil
    }
}
