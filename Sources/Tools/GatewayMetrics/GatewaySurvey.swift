import BuildAPI
package import ConfigurationFile
import CounterFile
import Gateway
import Glibc
import KeyLookup
import PrometheusMetrics
import Version

/// How a gateway on this host is at the moment, and what it has counted. It asks the build service one question and changes nothing.
package struct GatewaySurvey {
    private let configuration: Configuration
    /// What the kernel says about locks and sockets.
    private let kernel: KernelTables

    package init(of configuration: Configuration) {
        self.init(of: configuration, kernel: .read())
    }

    init(of configuration: Configuration, kernel: KernelTables) {
        self.configuration = configuration
        self.kernel = kernel
    }

    /// What `sallyport metrics` prints.
    package func text() -> String {
        text(ServiceProbe(of: configuration).outcome())
    }

    func text(_ service: ServiceProbe.Outcome) -> String {
        var page = Exposition()
        page.add(GatewayMetric.build, [Sample(Version.text, value: 1)])
        page.add(GatewayMetric.moment, Double(time(nil)))
        page.add(GatewayMetric.isServiceUp, service.seconds == nil ? 0 : 1)
        page.add(GatewayMetric.lookupTime, service.seconds)
        page.add(GatewayMetric.clockOffset, service.clockOffset)
        addFolders(to: &page)
        addCounts(to: &page)
        page.add(
            GatewayMetric.readableKeys,
            [
                Sample("host", value: isUsable(configuration.gateway.hostKey, forbidden: 0o022)),
                Sample("builder", value: isUsable(configuration.builder.identity, forbidden: 0o077)),
            ])
        return page.text
    }

    // MARK: Folders

    /// The folders in which each kind of commands has its places.
    private static let kinds = [
        ("person", "@commands"), ("attaching", "@attaching"), ("pairing", "@pairing"), ("stream", "@streams"),
    ]

    private func addFolders(to page: inout Exposition) {
        let gateway = configuration.gateway
        page.add(
            GatewayMetric.commands,
            Self.kinds.map { kind, folder in
                Sample(kind, value: kernel.lockedFiles(in: "\(gateway.sessions)/\(folder)"))
            })
        page.add(GatewayMetric.machines, kernel.listeners(in: gateway.attached, suffix: ".sock"))
        let cached = Folder.names(in: gateway.keyCache).count { $0.hasPrefix("SHA256:") }
        page.add(GatewayMetric.cachedKeys, cached)
    }

    private func addCounts(to page: inout Exposition) {
        let gateway = configuration.gateway
        let logins = LoginResult.file(in: gateway.sessions).counts ?? []
        page.add(
            GatewayMetric.logins,
            logins.compactMap { result, count in
                result.label.map { Sample($0, value: Double(count)) }
            })
        page.add(
            GatewayMetric.failedSessions, logins.first { $0.event == .failedLater }.map { Double($0.count) })
        let lookups = LookupResult.file(in: gateway.keyCache).counts ?? []
        page.add(
            GatewayMetric.lookups, lookups.map { Sample("\($0.event)", value: Double($0.count)) })
    }

    /// - Parameter forbidden: bits of the mode that let others do what they must not.
    private func isUsable(_ path: String, forbidden: mode_t) -> Int {
        var status = stat()
        let isThere = stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && status.st_size > 0
        return isThere && status.st_mode & forbidden == 0 ? 1 : 0
    }
}

extension LoginResult {
    /// Nil: it is no result of a login, but of what came after it.
    fileprivate var label: String? {
        switch self {
        case .letIn: "let_in"
        case .refused: "refused"
        case .failed: "failed"
        case .failedLater: nil
        }
    }
}
