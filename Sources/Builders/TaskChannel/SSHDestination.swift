public import BuildAPI
import Provider
public import SystemPackage

/// Which SSH server a task channel talks to, how it proves which one it is, and where the scripts are that the channel
/// calls there.
public struct SSHDestination: Sendable {
    public var endpoint: Job.Builder.Endpoint
    public var user: String
    /// The file with the runner's private key, whose public half the server accepts.
    public var identity: FilePath
    /// A folder of the runner's own for this one builder. The caller writes ``knownHosts`` there; ssh makes its control
    /// socket there, for a moment under a name that is ``temporarySuffix`` bytes longer.
    public var folder: FilePath
    /// The folder of the scripts, as a shell there accepts it: `~/.sallyport`, for example.
    public var scripts: String
    /// `<type> <base64>` of the runner's key, for a machine that has dialled a gateway: the endpoint is the socket of the
    /// gateway's process, which is told the key; nil: any other machine.
    public var attachedKey: String?

    public init(
        endpoint: Job.Builder.Endpoint, user: String, identity: FilePath, folder: FilePath,
        scripts: String = SSHDestination.scriptsInOurImages, attachedKey: String? = nil
    ) {
        self.endpoint = endpoint
        self.user = user
        self.identity = identity
        self.folder = folder
        self.scripts = scripts
        self.attachedKey = attachedKey
    }

    /// Where our own images have them.
    public static let scriptsInOurImages = "/usr/lib/sallyport"

    /// What the script `prepare` there reads.
    var archive: Workload.ArchiveFormat { scripts == Self.scriptsInOurImages ? .cpio : .tar }

    /// The file with the server's host keys: no other key is accepted. See ``pins(_:)``.
    public var knownHosts: FilePath { Self.knownHosts(in: folder) }
    /// The control socket of the connection that all calls of ssh share.
    public var controlSocket: FilePath { Self.controlSocket(in: folder) }

    package static let temporarySuffix = 17

    public static func knownHosts(in folder: FilePath) -> FilePath { folder.appending("known_hosts") }
    public static func controlSocket(in folder: FilePath) -> FilePath { folder.appending("ssh.sock") }

    /// The content of ``knownHosts``.
    ///
    /// - Parameter hostKeys: `<type> <base64>` each.
    public static func pins(_ hostKeys: [String]) -> String {
        hostKeys.map { "\(hostKeyAlias) \($0)\n" }.joined()
    }

    /// The server's name in known_hosts.
    static let hostKeyAlias = "builder"

    /// Whether no network lies between.
    var isOnThisHost: Bool {
        switch endpoint {
        case .address(let address, _): address.hasPrefix("127.") || address == "::1"
        case .socket: attachedKey == nil
        }
    }
}
