import BuildAPI
import CLinux
import Connections
import EventLoop
import Glibc

/// Opens a connection to a builder's SSH server, wherever that is; its last reference gives up.
///
/// It has no time limit: its owner has one.
final class EndpointOpening {
    private enum State {
        case idle
        /// TCP answers.
        case connecting(Descriptor)
        /// The socket has no room for us yet.
        case queueing(Deadline)
        /// The socket will hand over a connection.
        case expecting(Descriptor)
        /// The process of an attached machine will hand over a stream.
        case attached(AttachedStreamOpening)
        case done
    }

    /// When to try again after a socket had no room: it hands over hundreds of connections a second.
    private static let retryInterval = Duration.milliseconds(20)

    private let endpoint: Job.Builder.Endpoint
    private let loop: EventLoop
    private let opened: (Result<CInt, SSHClientError>) -> Void
    private var state = State.idle
    /// What carries the bytes of the opened descriptor, which is of no use without it: for attached machines.
    private(set) var bridge: StreamBridge?

    /// - Parameter opened: called once, by the loop; owns the connected descriptor, which does not block.
    init(
        of endpoint: Job.Builder.Endpoint, greeting: String? = nil, on loop: EventLoop,
        _ opened: @escaping (Result<CInt, SSHClientError>) -> Void
    ) {
        self.endpoint = endpoint
        self.loop = loop
        self.opened = opened
        switch (endpoint, greeting) {
        case (.address(let address, let port), _): connect(to: address, port: port)
        case (.socket(let path), nil): ask(path)
        case (.socket(let path), let greeting?): greet(path, greeting)
        }
    }

    // MARK: TCP

    private func connect(to address: String, port: UInt16) {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV
        hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(address, String(port), &hints, &list) == 0, let entry = list else {
            return failLater(SSHClientError(.misconfigured, "not an IP address and port: \(address) \(port)"))
        }
        defer { freeaddrinfo(list) }
        let type = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(entry.pointee.ai_family, type, 0)
        guard descriptor >= 0 else { return failLater(Self.unreachable("socket", errno)) }
        let connecting = Descriptor(descriptor, for: .writable, on: loop) { [unowned self] in
            isAnswered()
        }
        Socket.sendAtOnce(descriptor)
        if Glibc.connect(descriptor, entry.pointee.ai_addr, entry.pointee.ai_addrlen) != 0,
            errno != EINPROGRESS
        {
            return failLater(Self.unreachable("connect", errno))
        }
        state = .connecting(connecting)
    }

    private func isAnswered() {
        guard case .connecting(let descriptor) = state else { return }
        var error: CInt = 0
        var length = socklen_t(MemoryLayout<CInt>.size)
        if getsockopt(descriptor.number, SOL_SOCKET, SO_ERROR, &error, &length) != 0 { error = errno }
        finish(error == 0 ? .success(descriptor.release()) : .failure(Self.unreachable("connect", error)))
    }

    // MARK: A socket that hands over connections

    private func ask(_ path: String) {
        switch HandoverSocket.connect(to: path) {
        case .connection(let descriptor):
            state = .expecting(
                Descriptor(descriptor, for: .readable, on: loop) { [unowned self] in hasCome(path) })
        case .again:
            state = .queueing(
                Deadline(after: Self.retryInterval, on: loop) { [unowned self] in ask(path) })
        case .failed(let failure): failLater(SSHClientError(failure))
        }
    }

    private func hasCome(_ path: String) {
        guard case .expecting(let descriptor) = state else { return }
        switch HandoverSocket.answer(on: descriptor.number, of: path) {
        case .connection(let connection):
            Socket.sendAtOnce(connection)
            Socket.makeNonBlocking(connection)
            finish(.success(connection))
        case .again: break
        case .failed(let failure): finish(.failure(SSHClientError(failure)))
        }
    }

    // MARK: An attached machine

    private func greet(_ path: String, _ greeting: String) {
        let opening = AttachedStreamOpening(at: path, greeting: greeting, on: loop) { [unowned self] result in
            do throws(SSHClientError) {
                guard let (bridge, end) = StreamBridge.make(over: try result.get(), on: loop) else {
                    throw Self.unreachable("socketpair", errno)
                }
                self.bridge = bridge
                finish(.success(end))
            } catch {
                finish(.failure(error))
            }
        }
        state = .attached(opening)
    }

    // MARK: The end

    private func finish(_ result: Result<CInt, SSHClientError>) {
        state = .done
        opened(result)
    }

    private func failLater(_ error: SSHClientError) {
        state = .queueing(Deadline(after: .zero, on: loop) { [unowned self] in finish(.failure(error)) })
    }

    private static func unreachable(_ call: String, _ code: CInt) -> SSHClientError {
        SSHClientError(.unreachable, "\(call): \(String(cString: strerror(code)))")
    }
}

extension SSHClientError {
    fileprivate init(_ failure: HandoverSocket.Failure) {
        let code: Code =
            switch failure.kind {
            case .impossible: .misconfigured
            case .elsewhere: .elsewhere
            case .unreachable: .unreachable
            }
        self.init(code, failure.description)
    }
}

/// A descriptor, and the loop's watch on it; the last reference ends both.
private final class Descriptor {
    private(set) var number: CInt
    private let watch: Watch

    init(_ number: CInt, for events: Watch.Events, on loop: EventLoop, _ ready: @escaping () -> Void) {
        self.number = number
        watch = loop.watch(number, for: events) { _ in ready() }
    }

    deinit {
        watch.cancel()
        if number >= 0 { close(number) }
    }

    /// The caller owns it from now on.
    func release() -> CInt {
        defer { number = -1 }
        watch.cancel()
        return number
    }
}
