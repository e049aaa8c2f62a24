import CLinux
import EventLoop
import Foundation

/// A Unix socket on the loop of its clients, which hands over connections, or does something worse.
final class HandoverPeer {
    let path: String
    private let folder: String
    private let listener: CInt
    private let loop: EventLoop
    private var accepting: Watch?
    private var held: [CInt] = []
    /// What happens to a client, whose descriptor stays open until the end if this returns true.
    private let serve: (CInt) -> Bool

    init(on loop: EventLoop, backlog: CInt = 16, _ serve: @escaping (CInt) -> Bool) {
        self.loop = loop
        self.serve = serve
        folder = "/tmp/sallyport-unit-\(UUID().uuidString.prefix(8))"
        path = "\(folder)/s"
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let type = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        listener = socket(AF_UNIX, type, 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let isListening = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
                    && listen(listener, backlog) == 0
            }
        }
        precondition(isListening, "nothing can listen: \(errno)")
        begin()
    }

    /// Hands over connections to that port on loopback.
    static func handingOver(port: UInt16, on loop: EventLoop) -> HandoverPeer {
        HandoverPeer(on: loop) { client in
            let connection = connect(to: port)
            _ = sp_send_descriptor(client, connection < 0 ? UInt8(ECONNREFUSED) : 0, connection)
            if connection >= 0 { close(connection) }
            return false
        }
    }

    deinit {
        accepting?.cancel()
        for descriptor in held + [listener] { close(descriptor) }
        try? FileManager.default.removeItem(atPath: folder)
    }

    func pause() { accepting?.cancel() }

    func begin() {
        accepting = loop.watch(listener, for: .readable) { [unowned self] _ in
            var user = uid_t.max
            let client = sp_accept(listener, &user)
            guard client >= 0 else { return }
            if serve(client) { held.append(client) } else { close(client) }
        }
    }

    private static func connect(to port: UInt16) -> CInt {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if result == 0 { return descriptor }
        close(descriptor)
        return -1
    }
}
