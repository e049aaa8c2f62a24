import AuthorizedKeys
import BuildAPI
import Connections
import Glibc

/// The folder of this gateway's sockets for attached machines. It and they are for the account alone, but for what a build
/// service needs that works in a machine: see ``admit(_:)``.
struct AttachmentFolder {
    /// A folder, or a socket in it, that cannot be used; in an administrator's words.
    struct Failure: Error, Equatable {
        let cause: String
    }

    /// A socket without a listener is removed after this many seconds: a younger one can be about to be listened on.
    private static let staleAge = 60

    let path: String

    /// Makes the folder if there is none, and removes what dead processes have left in it.
    init(_ path: String) throws(Failure) {
        self.path = path
        // umask(2) can only take bits away.
        if mkdir(path, 0o700) != 0, errno != EEXIST { throw Self.failure(path) }
        var status = stat()
        guard lstat(path, &status) == 0 else { throw Self.failure(path) }
        // Somebody who has been admitted can enter it, which shows there, and knows the name of one socket.
        guard status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid(), status.st_mode & 0o066 == 0
        else {
            throw Failure(cause: "\(path) must be a folder that belongs to the account, with mode 0700")
        }
        removeStaleSockets(now: time(nil))
    }

    /// Lets processes of one more user reach sockets here whose names they know.
    func admit(_ user: uid_t) throws(Failure) {
        try Self.permit(user, to: .enter, at: path)
    }

    /// Root, and the account itself, need no permission.
    static func permit(_ user: uid_t, to purpose: AccessList.Purpose, at path: String) throws(Failure) {
        guard user != 0, user != geteuid() else { return }
        let code = AccessList.permit(user, to: purpose, at: path)
        guard code == 0 else { throw Failure(cause: "\(path): \(String(cString: strerror(code)))") }
    }

    /// The path of a socket in the folder.
    func socket(_ name: String) -> String { "\(path)/\(name)" }

    /// A name that nobody can guess who does not know the text, and that another key's process never makes.
    static func name(_ text: String, for key: PublicKey) -> String {
        SHA256.digest(of: Array("\(text) \(key.fingerprint)".utf8)).prefix(16).hexadecimal
    }

    /// A name that nobody can guess; nil: the kernel gives no random bits.
    static func randomName() -> String? { StreamID.random().map { "\($0).sock" } }

    private func removeStaleSockets(now: time_t) {
        guard let folder = opendir(path) else { return }
        defer { closedir(folder) }
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            let file = socket(name)
            var status = stat()
            guard lstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK,
                status.st_mtim.tv_sec + Self.staleAge < now, !isListenedOn(file)
            else { continue }
            unlink(file)
        }
    }

    private func isListenedOn(_ file: String) -> Bool {
        switch HandoverSocket.connect(to: file) {
        case .connection(let descriptor):
            close(descriptor)
            return true
        case .again: return true
        case .failed: return false
        }
    }

    private static func failure(_ path: String) -> Failure {
        Failure(cause: "\(path): \(String(cString: strerror(errno)))")
    }
}
