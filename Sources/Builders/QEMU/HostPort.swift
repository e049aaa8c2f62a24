import Foundation
import Provider

/// Where this host listens for a machine that has no network namespace of its own.
public struct HostPort: Sendable, Hashable {
    /// An IPv4 address of this host; 0.0.0.0 stands for all of them.
    public var address: String
    /// The ports of which one is taken; nil: any that is free.
    public var ports: ClosedRange<Int>?

    public init(address: String, ports: ClosedRange<Int>? = nil) {
        self.address = address
        self.ports = ports
    }

    /// Only this host reaches it.
    public static let loopback = HostPort(address: "127.0.0.1")

    /// A port that was free a moment ago. QEMU and sshd cannot choose a port (0) and report it.
    package func pick() throws(MachineError) -> Int {
        guard let ports else { return try Self.bound(address, 0) }
        // Others on this host begin to look elsewhere.
        let first = Int.random(in: ports)
        for port in [first...ports.upperBound, ports.lowerBound...first].joined() {
            if let free = try? Self.bound(address, port) { return free }
        }
        throw MachineError(
            .startFailed, detail: "no port from \(ports.lowerBound) to \(ports.upperBound) is free")
    }

    /// Binds a socket for a moment; returns its port.
    private static func bound(_ host: String, _ port: Int) throws(MachineError) -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw MachineError(.startFailed, detail: "socket: errno \(errno)") }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        guard inet_pton(AF_INET, host, &address.sin_addr) == 1 else {
            throw MachineError(.startFailed, detail: "\(host) is not an IPv4 address")
        }
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(descriptor, generic, length) == 0 && getsockname(descriptor, generic, &length) == 0
            }
        }
        guard result else { throw MachineError(.startFailed, detail: "bind: errno \(errno)") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
