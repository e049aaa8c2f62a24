import AuthorizedKeys
import BuildAPI
import ConfigurationFile
import EventLoop
import Glibc
import Presentation
import ServiceClient

/// Whether the build service answers.
struct ServiceCheck {
    private static let check = "service.answers"

    var configuration: Configuration

    /// - Parameter key: one that nobody has.
    func results(key: PublicKey) -> [CheckResult] {
        let check = Self.check
        let url = configuration.service.url
        guard configuration.service.kind == .sallyport else {
            return [
                .ok(
                    check,
                    "a service of kind \"\(configuration.service.kind.rawValue)\" is only asked in the login below"
                )
            ]
        }
        let transport: Transport
        do throws(ConfigurationError) {
            transport = try Transport(configuration.service)
        } catch {
            return [.fail(check, "\(error)", remedy: "Mend \(error.path).")]
        }
        guard let endpoint = Endpoint(url) else {
            return [
                .fail(check, "service.url is invalid: \(url)", remedy: "Mend it in the configuration file.")
            ]
        }
        let service = SallyportService(endpoint, over: transport, on: EventLoop())
        let start = ContinuousClock.now
        do throws(ServiceError) {
            let owner: Key? = try service.wait { service.key(key, $0) }
            guard owner == nil else {
                return [
                    .fail(
                        check, "\(url) says that a key which was just made belongs to somebody",
                        remedy: "Look at the build service: it lets anybody in.")
                ]
            }
        } catch {
            if error.code == .unavailable, let detail = error.problem?.detail {
                return [
                    .fail(
                        check,
                        "the build service answers at \(url), and cannot look a key up: \(HostileText.printable(detail))",
                        remedy: url.hasPrefix("unix:")
                            ? "journalctl -u sallyport-runner" : "Look at the build service's log.")
                ]
            }
            let cause = HostileText.printable(error.detail.isEmpty ? error.description : error.detail)
            let isHere = url.hasPrefix("unix:")
            return [
                .fail(
                    check, "the build service does not answer at \(url): \(cause)",
                    remedy: isHere
                        ? "systemctl status sallyport-runner"
                        : "Look at the build service, and at the network to it.")
            ]
        }
        let took = start.duration(to: .now) / .seconds(1)
        var results = [Self.speedResult(url, took: took)]
        // On the same host there is one clock.
        if !url.hasPrefix("unix:") {
            let clock = (try? service.wait { service.clock($0) }) ?? nil
            results.append(Self.clockResult(clock, here: Int64(time(nil))))
        }
        return results
    }

    private static func speedResult(_ url: String, took: Double) -> CheckResult {
        let finding = "the build service at \(url) has looked up a key in \(milliseconds(took))"
        guard took < 0.5 else {
            return .warn(
                check, finding + ": each login waits so long", remedy: "Look at the build service's load.")
        }
        return .ok(check, finding)
    }

    /// Seconds by which clocks can differ: certificates and leases allow for a minute.
    private static let difference: Int64 = 30

    /// - Parameter there: what the service's clock says, in seconds since 1970; nil: nobody knows.
    static func clockResult(_ there: Int64?, here: Int64) -> CheckResult {
        let check = "service.clock"
        guard let there else { return .ok(check, "the build service does not say what time it is") }
        let seconds = there - here
        guard abs(seconds) > difference else {
            return .ok(check, "the build service's clock agrees with this one")
        }
        return .warn(
            check,
            "the build service's clock is \(abs(seconds)) s \(seconds > 0 ? "ahead of" : "behind") this one: people read wrong "
                + "times, and certificates can end early",
            remedy: "Set both clocks by NTP: timedatectl set-ntp true")
    }
}
