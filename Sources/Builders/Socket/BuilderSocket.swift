import Connections
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

    /// Lets nobody connect but us, root and the gateway's account. On a file system without lists of access rights everyone can;
    /// the keeper then refuses the others.
    ///
    /// - Returns: 0, or the errno of the failure.
    public func restrict() -> CInt {
        guard chmod(path, 0o600) == 0 else { return errno }
        guard let gateway, gateway != geteuid(), gateway != 0 else { return 0 }
        return AccessList.permit(gateway, to: .connect, at: path)
    }
}
