import ConfigurationFile
import Glibc

/// Looks at a gateway on this host as its administrator would: what sshd does, who can change what, whether a login works, and
/// whether the runner, if there is one, can start builders.
///
/// It needs root, and changes nothing but files of its own below /tmp. What it starts, only root can change, or it runs as the user
/// who runs it anyway.
public struct Checkup: Sendable {
    /// The path of the configuration file.
    public var configuration = Configuration.defaultPath
    /// Where people come from, for settings of sshd's that depend on it.
    public var address = ClientAddress.anybodys
    /// The account that people log in to; nil: the one that the configuration names.
    public var account: String?
    /// The path of a private key that the build service knows, to log in with; nil: there is none to try.
    public var identity: String?
    /// The path of sallyport-runner.
    public var runner = "\(Installation.programs)/sallyport-runner"

    private static let dropIn = "/etc/ssh/sshd_config.d/50-sallyport.conf"

    public init() {}

    public func run() async -> CheckReport {
        let settings: Configuration
        do throws(ConfigurationError) {
            settings = try ConfigurationFile.read(configuration, ownerMustBeRoot: true)
        } catch {
            // Nothing else can be judged without it.
            return CheckReport(results: [
                .fail("configuration", "\(error)", remedy: "Mend \(error.path).")
            ])
        }
        var results = [CheckResult.ok("configuration", "\(configuration) is valid, and root's")]
        results += await gateway(settings)
        if RunnerCheck.isHere(settings, program: runner) {
            results += await RunnerCheck(configuration: settings.runner, file: configuration, program: runner)
                .results()
        }
        return CheckReport(results: results)
    }

    private func gateway(_ settings: Configuration) async -> [CheckResult] {
        let name = account ?? settings.runner.account
        guard let account = Account(name) else {
            if RunnerCheck.isHere(settings, program: runner), access(Self.dropIn, F_OK) != 0 {
                return [
                    .ok(
                        "gateway",
                        "this is no gateway: there is neither an account \(name) nor \(Self.dropIn)")
                ]
            }
            return [
                .fail(
                    "account.\(name)", "there is no account \(name): sshd lets nobody in",
                    remedy: "make install creates it (docs/installation.md)")
            ]
        }
        guard let key = await ThrowAwayKey.make() else {
            return [
                .fail(
                    "host.key", "no key can be made below \(ThrowAwayKey.parent)",
                    remedy:
                        "apt install openssh-client, and look whether there is space: df \(ThrowAwayKey.parent)"
                )
            ]
        }
        let inspection: SSHDInspection
        do throws(SSHDInspectionError) {
            inspection = try await SSHDInspection.make(
                of: .running() ?? .installed, account: name, from: address)
        } catch {
            return [.fail("sshd.settings", error.finding, remedy: error.remedy)]
        }
        return await GatewayCheck(
            configuration: settings, file: configuration, account: account, inspection: inspection,
            identity: identity
        ).results(with: key)
    }
}
