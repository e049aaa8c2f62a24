import CLinux
import Glibc

/// The Unix socket at which the gateways of this host reach a builder.
public struct BuilderSocket: Codable, Hashable, Sendable {
    public var path: String
    /// The gateway's account; nil: there is none on this host.
    public var gateway: UInt32?

    public init(path: String, gateway: UInt32? = nil) {
        self.path = path
        self.gateway = gateway
    }

    /// Who may ask at it.
    public var users: Set<UInt32> { Set([geteuid(), 0, gateway].compactMap(\.self)) }

    /// Clients that the kernel lets wait.
    public static let backlog: CInt = 256

    /// Makes the socket's folder, which others can enter and not list.
    ///
    /// - Returns: 0, or the errno of the failure.
    public func makeFolder() -> CInt {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return 0 }
        let folder = String(path[..<slash])
        if mkdir(folder, 0o711) != 0, errno != EEXIST { return errno }
        // Whatever the umask is.
        return chmod(folder, 0o711) == 0 ? 0 : errno
    }

    /// Lets nobody connect but us, root and the gateway's account.
    ///
    /// A list of access rights needs neither a privilege nor a group that both are in: acl(5). On a file system without such
    /// lists everyone can connect; the keeper then refuses the others.
    ///
    /// - Returns: 0, or the errno of the failure.
    public func restrict() -> CInt {
        guard chmod(path, 0o600) == 0 else { return errno }
        guard let gateway, gateway != geteuid(), gateway != 0 else { return 0 }
        let list = Self.list(for: gateway)
        if setxattr(path, "system.posix_acl_access", list, list.count, 0) == 0 { return 0 }
        guard errno == ENOTSUP else { return errno }
        return chmod(path, 0o666) == 0 ? 0 : errno
    }

    /// The kernel's form of such a list, little-endian: its version, then tag, rights and id of each entry
    /// (linux/posix_acl_xattr.h).
    static func list(for user: UInt32) -> [UInt8] {
        let (nobody, readAndWrite, nothing) = (UInt32.max, UInt16(6), UInt16(0))
        let entries: [(tag: UInt16, rights: UInt16, id: UInt32)] = [
            (0x01, readAndWrite, nobody), (0x02, readAndWrite, user), (0x04, nothing, nobody),
            (0x10, readAndWrite, nobody), (0x20, nothing, nobody),
        ]
        func bytes(_ number: some FixedWidthInteger) -> [UInt8] {
            withUnsafeBytes(of: number.littleEndian) { Array($0) }
        }
        return bytes(UInt32(2)) + entries.flatMap { bytes($0.tag) + bytes($0.rights) + bytes($0.id) }
    }
}
