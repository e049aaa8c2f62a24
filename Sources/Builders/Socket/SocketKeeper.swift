import CLinux
import CProcesses
public import EventLoop
import Glibc

/// The process behind a builder's socket: it hands over connections to the SSH server of one virtual machine, which is in
/// network namespaces of its own, and ends with it.
///
/// It stays in the runner's namespaces, where it sees who asks. For each connection a short-lived child enters the machine's
/// namespaces, connects, sends the descriptor, and ends: no byte of SSH passes through either of them, and neither reads
/// anything from anyone. The keeper outlives the runner.
public final class SocketKeeper {
    /// One machine, and who may reach it.
    public struct Target: Equatable, Sendable {
        /// Its process, and when that started: field 22 of proc(5).
        public var process: Int32
        public var start: UInt64
        /// The port on the loopback of its namespace.
        public var port: UInt16
        /// Who may ask: the runner, gateways and root.
        public var users: Set<UInt32>

        public init(process: Int32, start: UInt64, port: UInt16, users: Set<UInt32>) {
            self.process = process
            self.start = start
            self.port = port
            self.users = users
        }

        /// As arguments of a program.
        public var words: [String] {
            [String(process), String(start), String(port)] + users.sorted().map { String($0) }
        }

        /// Nil: these are not the words of a target.
        public init?(words: [String]) {
            guard words.count >= 4, let process = Int32(words[0]), let start = UInt64(words[1]),
                let port = UInt16(words[2])
            else { return nil }
            let users = words[3...].compactMap { UInt32($0) }
            guard users.count == words.count - 3 else { return nil }
            self.init(process: process, start: start, port: port, users: Set(users))
        }
    }

    /// Children at once. More clients wait.
    static let mostChildren = 64

    private static let restTime = Duration.milliseconds(100)

    private let target: Target
    private let listener: CInt
    private let loop: EventLoop
    private let machine: CInt
    private let namespaces: (user: CInt, network: CInt)
    private var accepting: Watch?
    private var machineWatch: Watch?
    private var children: [CInt: (process: Int32, watch: Watch)] = [:]

    /// Nil: the machine is gone, or we cannot enter its namespaces.
    ///
    /// - Parameter listener: a listening Unix socket, borrowed.
    public init?(_ target: Target, on listener: CInt, loop: EventLoop) {
        self.target = target
        self.listener = listener
        self.loop = loop
        machine = sp_process_descriptor(target.process)
        // They are looked up before the start is compared: so they are those of that very process.
        let isInOurNetwork = Self.isInOurNetwork(target.process)
        namespaces =
            isInOurNetwork
            ? (-1, -1)
            : (
                sp_open_to_read("/proc/\(target.process)/ns/user"),
                sp_open_to_read("/proc/\(target.process)/ns/net")
            )
        var name: [CChar] = Array(repeating: 0, count: 16)
        guard sp_socket_type(listener) == CInt(SOCK_STREAM.rawValue), machine >= 0,
            sp_start_of(target.process, &name) == target.start,
            isInOurNetwork || min(namespaces.user, namespaces.network) >= 0
        else { return nil }
        let flags = sp_fcntl(listener, F_GETFL, 0)
        _ = sp_fcntl(listener, F_SETFL, flags | O_NONBLOCK)
    }

    private static func isInOurNetwork(_ process: Int32) -> Bool {
        var (own, other) = (stat(), stat())
        return stat("/proc/self/ns/net", &own) == 0 && stat("/proc/\(process)/ns/net", &other) == 0
            && own.st_ino == other.st_ino
    }

    deinit {
        accepting?.cancel()
        machineWatch?.cancel()
        for descriptor in [machine, namespaces.user, namespaces.network] where descriptor >= 0 {
            close(descriptor)
        }
    }

    /// Returns when the machine has ended.
    public func run() {
        accepting = loop.watch(listener, for: .readable) { [unowned self] _ in accept() }
        machineWatch = loop.watch(machine, for: .readable) { [unowned self] _ in loop.stop() }
        loop.run()
    }

    private func accept() {
        var user = UInt32.max
        let client = sp_accept(listener, &user)
        guard client >= 0 else { return rest() }
        defer { close(client) }
        guard target.users.contains(user) else {
            _ = sp_send_descriptor(client, UInt8(EACCES), -1)
            return
        }
        let child = sp_hand_over(client, namespaces.user, namespaces.network, target.port)
        guard child > 0 else {
            _ = sp_send_descriptor(client, UInt8(truncatingIfNeeded: errno), -1)
            return
        }
        // The child is ours, so nobody else can have taken its number.
        let descriptor = sp_process_descriptor(child)
        guard descriptor >= 0 else {
            waitpid(child, nil, 0)
            return
        }
        children[descriptor] = (
            child, loop.watch(descriptor, for: .readable) { [unowned self] _ in bury(descriptor) }
        )
        if children.count == Self.mostChildren { accepting?.events = [] }
    }

    /// The client has gone, or there are no descriptors for it at the moment; then trying at once would only load the processor.
    private func rest() {
        guard ![EAGAIN, EINTR, ECONNABORTED].contains(errno) else { return }
        accepting?.events = []
        loop.timer(after: Self.restTime) { [weak self] in self?.accepting?.events = .readable }
    }

    private func bury(_ descriptor: CInt) {
        guard let child = children.removeValue(forKey: descriptor) else { return }
        child.watch.cancel()
        close(descriptor)
        waitpid(child.process, nil, 0)
        accepting?.events = .readable
    }
}
