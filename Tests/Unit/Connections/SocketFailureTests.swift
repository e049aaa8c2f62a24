import Glibc
import TestSupport
import Testing

@testable import Connections

/// The words for a connection to a Unix socket that fails.
@Suite struct SocketFailureTests {
    /// What is said after the path, for that errno.
    private func words(_ path: String, _ code: CInt) -> Substring {
        let text = SocketFailure.describe(path, errno: code)
        #expect(text.hasPrefix("\(path): "))
        return text.dropFirst(path.count + 2)
    }

    @Test func theSocketAndWhatIsInTheWayAreNamed() throws {
        let service = try RawService { _, _ in }
        let folder = String(service.socket.dropLast(2))
        #expect(words(service.socket, ECONNREFUSED) == "Connection refused (no program listens on it)")
        #expect(words("/etc/passwd", ECONNREFUSED) == "Connection refused (it is not a socket)")
        #expect(words("\(folder)/missing", ENOENT) == "No such file or directory")
        #expect(
            words("\(folder)/a/b/s", ENOENT) == "No such file or directory (there is no \(folder)/a)")
        #expect(words("/etc/passwd/s", ENOTDIR) == "Not a directory (/etc/passwd is not a folder)")
        #expect(words(service.socket, EPROTOTYPE) == "Protocol wrong type for socket")
    }

    /// The end-to-end tests ask the system, as another user.
    @Test(arguments: [
        (["/run/a", "/run/a/b"], " (uid \(geteuid()) cannot enter /run/a)"),
        (["/run/a/b"], " (uid \(geteuid()) cannot enter /run/a/b)"),
        (["/run/a/b/s"], " (uid \(geteuid()) cannot write to it)"), ([], ""),
    ])
    func whatForbidsItIsNamed(forbidden: [String], end: String) {
        let text = SocketFailure.describe("/run/a/b/s", errno: EACCES) { path, mode in
            #expect(mode == (path == "/run/a/b/s" ? W_OK : X_OK))
            return !forbidden.contains(path)
        }
        #expect(text == "/run/a/b/s: Permission denied\(end)")
    }
}
