import CLinux
import EventLoop
import Glibc

/// The other side of a TCP connection on loopback, on the same loop as the client: one connection, raw bytes.
final class Peer {
    let port: UInt16
    private let loop: EventLoop
    private let listener: CInt
    private var accepting: Watch?
    private var socket: CInt = -1
    private var reading: Watch?
    private var sink: OutputSink?
    private var budget: Int?
    private(set) var hasEnded = false
    /// Called once, when someone has connected.
    var onAccept: () -> Void = {}
    /// Called with all that comes; empty: the end.
    var onBytes: ([UInt8]) -> Void = { _ in }

    /// - Parameter budget: how many bytes are sent before the connection is closed; nil: however many.
    init(on loop: EventLoop, budget: Int? = nil) {
        self.loop = loop
        self.budget = budget
        (listener, port) = Self.listen()
        accepting = loop.watch(listener, for: .readable) { [unowned self] _ in accept() }
    }

    deinit {
        close()
        accepting?.cancel()
        Glibc.close(listener)
    }

    /// A listening socket on loopback, and its port.
    static func listen() -> (descriptor: CInt, port: UInt16) {
        let type = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        let descriptor = Glibc.socket(AF_INET, type, 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && Glibc.listen(descriptor, 5) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        precondition(isListening, "nothing can listen on loopback: \(errno)")
        return (descriptor, UInt16(bigEndian: address.sin_port))
    }

    private func accept() {
        socket = SSHClientTests.accept(from: listener)
        guard socket >= 0 else { return }
        accepting?.cancel()
        sink = OutputSink(socket, on: loop)
        reading = loop.watch(socket, for: .readable) { [unowned self] _ in read() }
        onAccept()
    }

    private func read() {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let count = Glibc.read(socket, &buffer, buffer.count)
        guard count > 0 || (count < 0 && errno == EAGAIN) else {
            hasEnded = true
            reading?.cancel()
            return onBytes([])
        }
        if count > 0 { onBytes(Array(buffer[..<count])) }
    }

    func send(_ bytes: [UInt8]) {
        guard let sink else { return }
        let part = bytes.prefix(budget ?? bytes.count)
        sink.write(Array(part))
        budget? -= part.count
        if budget == 0 { close() }
    }

    func send(_ text: String) {
        send(Array(text.utf8))
    }

    /// Reads no more, until `resume()`.
    func pause() { reading?.events = [] }
    func resume() { reading?.events = .readable }

    /// Says that nothing more comes.
    func sendEndOfFile() {
        shutdown(socket, CInt(SHUT_WR))
    }

    func close() {
        guard socket >= 0 else { return }
        reading?.cancel()
        sink = nil
        Glibc.close(socket)
        socket = -1
    }

    /// Breaks the connection: RST.
    func reset() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(socket, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
        close()
    }
}
