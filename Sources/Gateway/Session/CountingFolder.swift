import Glibc

/// A folder in which a gateway counts something by files: commands, connections of unknown keys.
struct CountingFolder {
    /// Why something cannot be counted.
    enum Failure: Error {
        /// The folder does not exist, and the account cannot make it: this gateway is set up to count nothing.
        case absent(String)
        /// There is a folder, but no room for one more file in it, or for one more open file.
        case full(String)
    }

    let path: String

    /// - Parameter sessions: a folder that belongs to the account.
    init(_ name: String, in sessions: String) {
        path = "\(sessions)/\(name)"
    }

    /// Opens a file, which the caller closes. Makes the file, and the folder, if there is none.
    func open(_ name: String) throws(Failure) -> CInt {
        let file = "\(path)/\(name)"
        let flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW
        var descriptor = Glibc.open(file, flags, 0o600)
        if descriptor < 0, errno == ENOENT, mkdir(path, 0o700) == 0 || errno == EEXIST {
            descriptor = Glibc.open(file, flags, 0o600)
        }
        guard descriptor >= 0 else { throw Self.failure(file, errno) }
        return descriptor
    }

    /// Whatever is not known to be a matter of how the gateway is set up, a person may have brought about.
    ///
    /// - Parameter code: errno.
    static func failure(_ file: String, _ code: CInt) -> Failure {
        let cause = "\(file): \(String(cString: strerror(code)))"
        return switch code {
        case ENOENT, ENOTDIR, EACCES, EPERM, EROFS: .absent(cause)
        default: .full(cause)
        }
    }
}
