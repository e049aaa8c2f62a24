import Foundation
import Provider

/// Finds unused TCP ports on loopback.
package enum LoopbackPort {
    /// A port that was free a moment ago. QEMU and sshd cannot choose a port (0) and report it.
    package static func pick() throws(MachineError) -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw MachineError(.startFailed, detail: "socket: errno \(errno)") }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
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
