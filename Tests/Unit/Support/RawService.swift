import CLinux
import Foundation
import Glibc

/// A service that writes what it likes, whatever is asked: one connection after the other, each on the same thread.
public final class RawService: Sendable {
    public let socket: String
    private let folder: String
    private let listening: Int32

    /// - Parameter answer: writes to the connection, which is closed when it returns; the number counts from 0.
    public init(_ answer: @escaping @Sendable (_ connection: Int32, _ number: Int) -> Void) throws {
        folder = NSTemporaryDirectory() + "sallyport-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        socket = folder + "/s"
        let listening = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        self.listening = listening
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: socket.utf8) }
        let isListening = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(listening, generic, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
                    && listen(listening, 8) == 0
            }
        }
        guard isListening else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        Thread.detachNewThread {
            var number = 0
            while case let connection = accept(listening, nil, nil), connection >= 0 {
                _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
                Self.readRequest(from: connection)
                answer(connection, number)
                close(connection)
                number += 1
            }
            close(listening)
        }
    }

    /// Answers everybody with one head and then with the same piece of body until nobody reads any more.
    public convenience init(head: String, endlessly body: String) throws {
        try self.init { connection, _ in
            Self.write(head, to: connection)
            while Self.write(body, to: connection) {}
        }
    }

    /// Reads up to the empty line. Unread bytes would destroy the answer when the connection is closed.
    private static func readRequest(from connection: Int32) {
        var head: [UInt8] = []
        var byte: UInt8 = 0
        while !head.suffix(4).elementsEqual("\r\n\r\n".utf8), recv(connection, &byte, 1, 0) == 1 {
            head.append(byte)
        }
    }

    /// False: nobody reads it.
    @discardableResult
    public static func write(_ text: String, to connection: Int32) -> Bool {
        let bytes = Array(text.utf8)
        return send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    }

    /// Says that this was all, and takes what the client still has to say.
    public static func readToEnd(of connection: Int32) {
        shutdown(connection, Int32(SHUT_WR))
        var buffer = [UInt8](repeating: 0, count: 4096)
        while recv(connection, &buffer, buffer.count, 0) > 0 {}
    }

    /// Says nothing until the client goes away, or for so long.
    public static func keepSilent(_ connection: Int32, for duration: Duration) {
        var descriptor = pollfd(fd: connection, events: 0, revents: 0)
        poll(&descriptor, 1, Int32(duration / .milliseconds(1)))
    }

    deinit {
        shutdown(listening, Int32(SHUT_RDWR))
        try? FileManager.default.removeItem(atPath: folder)
    }
}
