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
    /// Nil: the file cannot be used.
    private let configuration: Configuration?
    /// The path of the configuration file.
    private let file: String
    /// What the kernel says about locks and sockets.
    private let kernel: KernelTables

    package init(of configuration: Configuration?, file: String) {
        self.init(of: configuration, file: file, kernel: .read())
    }

    init(of configuration: Configuration?, file: String, kernel: KernelTables) {
        self.configuration = configuration
        self.file = file
        self.kernel = kernel
    }

    /// What `sallyport metrics` prints.
    package func text() -> String {
        text(configuration.map { ServiceProbe(of: $0).outcome() } ?? .init())
    }

    func text(_ service: ServiceProbe.Outcome) -> String {
        var page = Exposition(common: [(GatewayMetric.common, file)])
        page.add(GatewayMetric.build, [Sample(Version.text, value: 1)])
        page.add(GatewayMetric.moment, Double(time(nil)))
        page.add(GatewayMetric.isConfigured, configuration == nil ? 0 : 1)
        if let configuration {
            page.add(GatewayMetric.isServiceUp, service.seconds == nil ? 0 : 1)
            page.add(GatewayMetric.knowsPeople, service.knowsPeople.map { $0 ? 1 : 0 })
            page.add(GatewayMetric.lookupTime, service.seconds)
            page.add(GatewayMetric.clockOffset, service.clockOffset)
            addFolders(of: configuration.gateway, to: &page)
            page.add(GatewayMetric.readableKeys, GatewayKeys(of: configuration).samples)
            addCounts(of: configuration.gateway, to: &page)
        } else if file == Configuration.defaultPath {
            // Without the file, logins are counted there. Another gateway's account cannot.
            addCounts(of: Configuration.Gateway(), to: &page)
        }
        return page.text
    }

    // MARK: Folders

    /// The folders in which each kind of commands has its places.
    static let kinds = [
        ("person", "@commands"), ("attaching", "@attaching"), ("pairing", "@pairing"), ("stream", "@streams"),
    ]

    private func addFolders(of gateway: Configuration.Gateway, to page: inout Exposition) {
        page.add(
            GatewayMetric.commands,
            Self.kinds.map { kind, folder in
                Sample(kind, value: kernel.lockedFiles(in: "\(gateway.sessions)/\(folder)"))
            })
        page.add(GatewayMetric.machines, kernel.listeners(in: gateway.attached, suffix: ".sock"))
        let cached = Folder.names(in: gateway.keyCache).count { $0.hasPrefix("SHA256:") }
        page.add(GatewayMetric.cachedKeys, cached)
    }

    private func addCounts(of gateway: Configuration.Gateway, to page: inout Exposition) {
        let logins = LoginResult.file(in: gateway.sessions).counts
        func samples(_ label: (LoginResult) -> String?) -> [Sample] {
            (logins ?? []).compactMap { result, count in
                label(result).map { Sample($0, value: Double(count)) }
            }
        }
        page.add(GatewayMetric.logins, samples(\.label))
        page.add(GatewayMetric.failedSessions, samples(\.phase))
        page.add(
            GatewayMetric.entries, logins?.first { $0.event == .entered }.map { Double($0.count) })
        let lookups = LookupResult.file(in: gateway.keyCache).counts
        page.add(
            GatewayMetric.lookups, (lookups ?? []).map { Sample("\($0.event)", value: Double($0.count)) })
        page.add(
            GatewayMetric.readableCounters,
            [
                Sample("logins", value: logins == nil ? 0 : 1),
                Sample("lookups", value: lookups == nil ? 0 : 1),
            ])
    }
}

extension LoginResult {
    /// What has become of the login itself. Nil: it is about what came after it.
    var label: String? {
        switch self {
        case .letIn: "let_in"
        case .refused: "refused"
        case .failed: "failed"
        case .unidentified: "unidentified"
        case .failedOutside, .failedInside, .entered: nil
        }
    }

    /// Where the person was when a fault ended their command. Nil: none has.
    var phase: String? {
        switch self {
        case .failedOutside: "outside"
        case .failedInside: "inside"
        case .letIn, .refused, .failed, .unidentified, .entered: nil
        }
    }
}
