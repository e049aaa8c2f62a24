import Foundation
import Glibc

/// A service that answers everybody with one head and then with the same piece of body until nobody reads any more.
final class EndlessService: Sendable {
    let socket: String
    private let folder: String

    init(head: String, body: String) throws {
        folder = NSTemporaryDirectory() + "sallyport-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        socket = folder + "/s"
        let listening = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
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
            let connection = accept(listening, nil, nil)
            close(listening)
            var piece = Array(head.utf8)
            while send(connection, piece, piece.count, Int32(MSG_NOSIGNAL)) > 0 {
                piece = Array(body.utf8)
            }
            close(connection)
        }
    }

    deinit {
        try? FileManager.default.removeItem(atPath: folder)
    }
}
