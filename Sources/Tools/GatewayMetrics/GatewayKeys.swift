import ConfigurationFile
import Glibc
import PrometheusMetrics

/// Whether the account can use the keys of its gateway and others cannot, as far as their owners and modes say. `sallyport check`
/// looks closer.
struct GatewayKeys {
    private let configuration: Configuration
    /// The account's; nil: nobody knows who it is.
    private let user: uid_t?
    private let group: gid_t?

    init(of configuration: Configuration) {
        self.configuration = configuration
        var status = stat()
        if stat(configuration.gateway.sessions, &status) == 0 {
            // It belongs to the account, whatever that is called.
            (user, group) = (status.st_uid, status.st_gid)
        } else {
            let account = getpwnam(configuration.runner.account)?.pointee
            (user, group) = (account?.pw_uid, account?.pw_gid)
        }
    }

    var samples: [Sample] {
        [
            Sample("host", value: isHostKeyUsable ? 1 : 0),
            Sample("builder", value: isBuilderKeyUsable ? 1 : 0),
        ]
    }

    /// Anybody can read it; people who change it could make CI jobs trust another machine.
    private var isHostKeyUsable: Bool {
        guard let file = Self.status(of: configuration.gateway.hostKey) else { return false }
        return (file.st_uid == 0 || file.st_uid == user) && file.st_mode & 0o022 == 0 && canRead(file)
    }

    /// Whoever reads it can enter every builder.
    private var isBuilderKeyUsable: Bool {
        guard let file = Self.status(of: configuration.builder.identity) else { return false }
        return file.st_uid == user && file.st_mode & 0o077 == 0 && canRead(file)
    }

    private func canRead(_ file: stat) -> Bool {
        if file.st_uid == user { return file.st_mode & 0o400 != 0 }
        return file.st_mode & (file.st_gid == group ? 0o040 : 0o004) != 0
    }

    /// Nil: there is no such file, or nothing in it.
    private static func status(of path: String) -> stat? {
        var status = stat()
        let isThere = stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && status.st_size > 0
        return isThere ? status : nil
    }
}
