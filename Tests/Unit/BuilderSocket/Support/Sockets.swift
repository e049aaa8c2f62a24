import BuilderSocket
import CLinux
import Foundation
import Glibc
import Synchronization

/// A folder with a short name, for sockets, that goes with this value.
final class Scratch {
    let path: String

    init() throws {
        path = "/tmp/sallyport-unit-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }
}

/// Something that waits, on a thread of its own.
final class Worker<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)
    private let done = DispatchSemaphore(value: 0)

    init(_ body: @escaping @Sendable () -> Value) {
        Thread.detachNewThread { [self] in
            let result = body()
            value.withLock { $0 = result }
            done.signal()
        }
    }

    /// Waits.
    func result() -> Value {
        done.wait()
        return value.withLock { $0! }
    }
}

enum Sockets {
    struct Failure: Error { var code = errno }

    static func listen(at path: String) throws -> CInt {
        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let isListening = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
                    && Glibc.listen(descriptor, BuilderSocket.backlog) == 0
            }
        }
        guard isListening else { throw Failure() }
        return descriptor
    }

    /// A listener on loopback, and its port.
    static func listenOnLoopback() throws -> (descriptor: CInt, port: UInt16) {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && Glibc.listen(descriptor, 512) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isListening else { throw Failure() }
        return (descriptor, UInt16(bigEndian: address.sin_port))
    }

    static func unusedPort() throws -> UInt16 {
        let (descriptor, port) = try listenOnLoopback()
        close(descriptor)
        return port
    }

    /// Sends a word, and returns what comes back.
    static func exchange(_ word: String, on descriptor: CInt) throws -> String {
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        guard send(descriptor, word, word.utf8.count, CInt(MSG_NOSIGNAL)) == word.utf8.count else {
            throw Failure()
        }
        var answer = [UInt8](repeating: 0, count: 64)
        let count = recv(descriptor, &answer, answer.count, 0)
        guard count >= 0 else { throw Failure() }
        return String(decoding: answer.prefix(count), as: UTF8.self)
    }
}

/// A server that answers the first bytes of each connection with the same bytes.
final class EchoServer: Sendable {
    let port: UInt16
    private let listener: CInt
    private let accepted = Counter()
    private let worker: Worker<Void>

    init() throws {
        let (listener, port) = try Sockets.listenOnLoopback()
        self.port = port
        self.listener = listener
        worker = Worker { [accepted] in
            while true {
                let client = accept(listener, nil, nil)
                guard client >= 0 else { return }
                accepted.add()
                Thread.detachNewThread {
                    var bytes = [UInt8](repeating: 0, count: 64)
                    let count = recv(client, &bytes, bytes.count, 0)
                    if count > 0 { _ = send(client, bytes, count, CInt(MSG_NOSIGNAL)) }
                    close(client)
                }
            }
        }
    }

    /// How many have connected so far.
    var connections: Int { accepted.count }

    deinit {
        shutdown(listener, CInt(SHUT_RDWR))
        worker.result()
        close(listener)
    }
}

private final class Counter: Sendable {
    private let number = Mutex(0)

    func add() { number.withLock { $0 += 1 } }
    var count: Int { number.withLock { $0 } }
}
