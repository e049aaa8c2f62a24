import Foundation
import Provider
import SystemPackage

/// A listening Unix socket that we make, and that a program inherits: QEMU for its monitor, or the keeper of a builder's socket.
///
/// Its folder is ours. Someone who takes over QEMU cannot put another machine's monitor in its place.
enum InheritedSocket {
    /// Makes the socket; the caller closes it when the program has it.
    static func listen(at path: FilePath, backlog: CInt = 8) throws(MachineError) -> FileDescriptor {
        unlink(path.string)
        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw failure("socket", at: path) }
        let socket = FileDescriptor(rawValue: descriptor)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let name = Array(path.string.utf8)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            let room = MemoryLayout.size(ofValue: pointer.pointee.sun_path)
            guard name.count < room else {
                errno = ENAMETOOLONG
                return false
            }
            withUnsafeMutableBytes(of: &pointer.pointee.sun_path) { $0.copyBytes(from: name) }
            return pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(descriptor, generic, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        guard isBound, Glibc.listen(descriptor, backlog) == 0 else {
            let error = failure("bind", at: path)
            try? socket.close()
            throw error
        }
        return socket
    }

    private static func failure(_ call: String, at path: FilePath) -> MachineError {
        let isFull = [ENOSPC, EDQUOT].contains(errno)
        let reason = String(cString: strerror(errno))
        return MachineError(isFull ? .noSpace : .folderUnusable, detail: "\(path): \(call): \(reason)")
    }
}
