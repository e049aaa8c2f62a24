import Connections
import Glibc

/// One request, on its own connection to a Unix socket (unix(7)).
struct SocketExchange {
    private let descriptor: CInt
    /// Nanoseconds of CLOCK_MONOTONIC.
    private let deadline: Int64

    /// Sends a request, and reads until its answer is complete.
    ///
    /// - Parameters:
    ///   - request: the whole request.
    ///   - path: the socket on which the service listens.
    ///   - nanoseconds: the time for everything, up to the answer's last byte.
    static func answer(
        to request: String, at path: String, within nanoseconds: Int64
    ) throws(SocketError) -> HTTPAnswer {
        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw .unusual("no socket: \(cause)") }
        defer { close(descriptor) }
        let exchange = SocketExchange(descriptor: descriptor, deadline: now + nanoseconds)
        try exchange.connect(to: path)
        try exchange.send(request)
        return try exchange.receive()
    }

    private func connect(to path: String) throws(SocketError) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        // The last byte stays zero.
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw .unusual("a socket's path that is too long")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        try limitWriting()
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else {
            // The time ran out while the connection was in the service's queue.
            throw errno == EAGAIN ? .late : .unusual(SocketFailure.describe(path, errno: errno))
        }
    }

    private func send(_ request: String) throws(SocketError) {
        let bytes = Array(request.utf8)
        try limitWriting()
        // It is smaller than any socket's buffer.
        guard Glibc.send(descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL)) == bytes.count else {
            throw failure("send")
        }
    }

    private func receive() throws(SocketError) -> HTTPAnswer {
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            try waitForBytes()
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { throw .unusual(count < 0 ? Self.cause : "an answer that broke off") }
            received += buffer[..<count]
            if let answer = try HTTPAnswer.parse(received) { return answer }
        }
    }

    private func waitForBytes() throws(SocketError) {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        let left = try nanosecondsLeft()
        let count = poll(&waiting, 1, CInt(clamping: (left + 999_999) / 1_000_000))
        if count == 0 { throw .late }
        guard count > 0 else { throw failure("poll") }
    }

    /// Limits connecting and sending to the time that is left: SO_SNDTIMEO, socket(7).
    private func limitWriting() throws(SocketError) {
        let microseconds = max(1, try nanosecondsLeft() / 1000)
        var limit = timeval(
            tv_sec: Int(microseconds / 1_000_000), tv_usec: suseconds_t(microseconds % 1_000_000))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    private func nanosecondsLeft() throws(SocketError) -> Int64 {
        let left = deadline - Self.now
        guard left > 0 else { throw .late }
        return left
    }

    /// The error for errno. EAGAIN means that the time ran out while the connection was in the queue.
    private func failure(_ what: String) -> SocketError {
        errno == EAGAIN ? .late : .unusual("\(what): \(Self.cause)")
    }

    private static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    private static var cause: String { String(cString: strerror(errno)) }
}
