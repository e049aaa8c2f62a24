import Glibc
import SystemPackage

/// The other side of syslog(3): a datagram socket in place of /dev/log, and a file with everything it received.
final class SystemLog: Sendable {
    private let socket: FileDescriptor
    private let reader: Task<Void, Never>

    init(socket path: String, file: String) throws {
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        socket = FileDescriptor(rawValue: descriptor)
        let bound = try SocketAddress(unix: path).with { bind(descriptor, $0, $1) }
        guard bound == 0, chmod(path, 0o666) == 0 else { throw Errno(rawValue: errno) }
        let output = try FileDescriptor.open(
            FilePath(file), .writeOnly, options: [.create, .append, .closeOnExec],
            permissions: [.ownerReadWrite, .groupRead, .otherRead])
        reader = Task { [socket] in
            for await message in Descriptor.pieces(of: socket) {
                _ = try? output.writeAll(message + [UInt8(ascii: "\n")])
            }
            try? output.close()
        }
    }

    deinit { reader.cancel() }
}
