import CLinux
import Glibc

/// A Unix socket that hands over connections: whoever connects to it receives one byte, 0, with the descriptor of a connected
/// socket (SCM_RIGHTS, unix(7)), or the errno of the reason why there is none. Then it closes. It reads nothing.
public enum HandoverSocket {
    /// Why no connection came.
    public struct Failure: Error, CustomStringConvertible {
        public enum Kind: Sendable {
            /// The path can never be that of a socket.
            case impossible
            /// There is not even a folder for the socket: it is on another host.
            case elsewhere
            /// Everything else; later it can succeed.
            case unreachable
        }

        public let kind: Kind
        /// In an administrator's words.
        public let description: String
    }

    public enum Answer {
        /// A connected socket, close-on-exec; the caller closes it.
        case connection(CInt)
        /// Nothing has come yet, or there is no room for one more client yet.
        case again
        case failed(Failure)
    }

    /// The most bytes of a socket's path: sun_path, with the zero at its end.
    public static let longestPath = 107

    /// Connects.
    ///
    /// - Parameter seconds: how long this and ``answer(on:of:)`` can wait, each of them; 0: not at all.
    /// - Returns: `.connection` with the descriptor on which the answer comes.
    public static func connect(to path: String, waiting seconds: Int = 0) -> Answer {
        let name = Array(path.utf8)
        guard name.first == UInt8(ascii: "/"), !name.contains(0), name.count <= longestPath else {
            return .failed(Failure(kind: .impossible, description: "not a path of a socket: \(path)"))
        }
        let flags = CInt(SOCK_CLOEXEC.rawValue) | (seconds > 0 ? 0 : CInt(SOCK_NONBLOCK.rawValue))
        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | flags, 0)
        guard descriptor >= 0 else { return failed("socket", errno) }
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        for option in seconds > 0 ? [SO_RCVTIMEO, SO_SNDTIMEO] : [] {
            setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result != 0 else { return .connection(descriptor) }
        let code = errno
        close(descriptor)
        if code == EAGAIN { return .again }
        let isElsewhere = code == ENOENT && access(folder(of: path), F_OK) != 0
        return .failed(
            Failure(
                kind: isElsewhere ? .elsewhere : .unreachable,
                description: SocketFailure.describe(path, errno: code)))
    }

    /// What has come on a descriptor from ``connect(to:waiting:)``, which stays open.
    public static func answer(on descriptor: CInt, of path: String) -> Answer {
        var word: UInt8 = 0
        var connection: CInt = -1
        let count = sp_receive_descriptor(descriptor, &word, &connection)
        if count < 0 { return errno == EAGAIN ? .again : failed(path, errno) }
        if count == 1, word == 0, sp_socket_type(connection) == CInt(SOCK_STREAM.rawValue) {
            return .connection(connection)
        }
        if connection >= 0 { close(connection) }
        if count == 1, word != 0 { return failed("\(path): connect", CInt(word)) }
        return .failed(Failure(kind: .unreachable, description: "\(path): it hands over no connection"))
    }

    private static func failed(_ what: String, _ code: CInt) -> Answer {
        .failed(Failure(kind: .unreachable, description: "\(what): \(String(cString: strerror(code)))"))
    }

    private static func folder(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "/"
    }
}

extension HandoverSocket {
    /// A connection from that socket, which the caller closes.
    ///
    /// - Parameter seconds: how long to wait, twice at most.
    public static func open(_ path: String, waiting seconds: Int = 2) throws(Failure) -> CInt {
        let descriptor: CInt
        switch connect(to: path, waiting: seconds) {
        case .connection(let connected): descriptor = connected
        case .again: throw Failure(kind: .unreachable, description: "\(path): no answer")
        case .failed(let failure): throw failure
        }
        defer { close(descriptor) }
        switch answer(on: descriptor, of: path) {
        case .connection(let connection): return connection
        case .again: throw Failure(kind: .unreachable, description: "\(path): no answer")
        case .failed(let failure): throw failure
        }
    }
}
