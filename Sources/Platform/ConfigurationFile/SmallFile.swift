import Glibc

/// Small files that are read in one piece: configuration, secrets, tables.
public enum SmallFile {
    /// More than any of them needs; a larger file is the wrong one.
    static let maximumSize = 1 << 20

    /// Who can read a file, in addition to its owner and root.
    public enum Readers: Sendable {
        /// Nobody: it holds a secret.
        case nobody
        /// The file's group, which cannot write to it.
        case group
        /// Everyone; nobody else can write to it.
        case everybody
    }

    /// The text of a file that nobody else can read or change.
    ///
    /// - Parameter folder: the descriptor of the folder in which the path begins; a link there is not followed.
    public static func read(
        _ path: String, in folder: CInt? = nil, for readers: Readers
    ) throws(ConfigurationError) -> String {
        try read(path, in: folder) { status in
            switch readers {
            case .nobody where status.st_mode & 0o077 != 0: "can be read by others: chmod 600"
            case .group where status.st_mode & 0o027 != 0: "can be read or changed by others: chmod 640"
            case .everybody where status.st_mode & 0o022 != 0: "can be changed by others: chmod 644"
            case .nobody, .group, .everybody: nil
            }
        }
    }

    /// - Parameter objection: what is wrong with a file of this kind, judged by the descriptor that is read.
    static func read(
        _ path: String, in folder: CInt? = nil, unless objection: (stat) -> String?
    ) throws(ConfigurationError) -> String {
        let descriptor = openat(
            folder ?? AT_FDCWD, path, O_RDONLY | O_CLOEXEC | (folder == nil ? 0 : O_NOFOLLOW))
        guard descriptor >= 0 else { throw unreadable(path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw ConfigurationError(path: path, expected: "expected a regular file")
        }
        if let objection = objection(status) { throw ConfigurationError(path: path, expected: objection) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw unreadable(path) }
            if count == 0 { break }
            bytes += buffer[..<count]
            guard bytes.count <= maximumSize else {
                throw ConfigurationError(path: path, expected: "is larger than 1 MB")
            }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ConfigurationError(path: path, expected: "expected UTF-8")
        }
        return text
    }

    private static func unreadable(_ path: String) -> ConfigurationError {
        ConfigurationError(path: path, expected: "cannot be read: \(String(cString: strerror(errno)))")
    }
}
