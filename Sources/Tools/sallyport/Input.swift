import FoundationEssentials
import Glibc
import Presentation

/// Reads files for commands.
enum Input {
    /// - Parameter path: `-` is standard input.
    static func read(_ path: String, limit: Int = 1 << 20) throws(Failure) -> [UInt8] {
        let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path) }
        defer { if path != "-" { close(descriptor) } }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure(path) }
            guard count > 0 else { return bytes }
            bytes += buffer[..<count]
            guard bytes.count <= limit else {
                throw Failure(.data, "\(HostileText.printable(path)) is larger than 1 MB.")
            }
        }
    }

    /// A path that other users' programs understand, too.
    static func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : "\(FileManager.default.currentDirectoryPath)/\(path)"
    }

    private static func failure(_ path: String) -> Failure {
        Failure(
            .noInput, "\(HostileText.printable(path)) cannot be read: \(String(cString: strerror(errno))).")
    }
}
