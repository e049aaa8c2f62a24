import AuthorizedKeys
import BuildAPI
import ConfigurationFile
import Foundation
import Glibc
import KeyLookup
import ServiceClient
import Testing

@testable import CounterFile
@testable import Gateway
@testable import GatewayMetrics

/// What `sallyport metrics` says of a gateway.
@Suite final class GatewaySurveyTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "gateway-\(UUID())").path
    private var configuration = Configuration(service: .init(url: "unix:/nowhere"))

    init() throws {
        for name in ["sessions/@commands", "attached", "keys"] {
            try FileManager.default.createDirectory(
                atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        }
        configuration.gateway.sessions = folder + "/sessions"
        configuration.gateway.attached = folder + "/attached"
        configuration.gateway.keyCache = folder + "/keys"
        configuration.gateway.hostKey = folder + "/host.pub"
        configuration.builder.identity = folder + "/builder"
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private func make(_ name: String, mode: mode_t = 0o600) throws {
        try Data("x".utf8).write(to: URL(filePath: "\(folder)/\(name)"))
        chmod("\(folder)/\(name)", mode)
    }

    private static let file = "/etc/sallyport/second.toml"

    /// The lines that are no comments, without the label that all of them must have.
    private func lines(
        _ service: ServiceProbe.Outcome = .init(), locks: String = "", sockets: String = ""
    ) -> Set<String> {
        let tables = KernelTables(locks: locks, sockets: sockets)
        return Self.lines(GatewaySurvey(of: configuration, file: Self.file, kernel: tables).text(service))
    }

    private static func lines(_ text: String, file: String = file) -> Set<String> {
        let lines = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
        let label = "config=\"\(file)\""
        for line in lines { #expect(line.contains("{\(label)"), "\(line)") }
        return Set(
            lines.map {
                String($0).replacing("{\(label)}", with: "").replacing("{\(label),", with: "{")
            })
    }

    @Test func aServiceThatDoesNotAnswerIsDownAndNothingElseIsMissing() {
        let outcome = ServiceProbe(of: configuration).outcome()
        #expect(outcome.seconds == nil && outcome.knowsPeople == nil && outcome.clockOffset == nil)
        let lines = lines(outcome)
        #expect(lines.contains("sallyport_gateway_configuration_usable 1"))
        #expect(lines.contains("sallyport_gateway_service_up 0"))
        for missing in ["_key_lookup_seconds", "clock_offset", "knows_people"] {
            #expect(!lines.contains { $0.contains(missing) }, "\(missing)")
        }
        #expect(lines.contains("sallyport_gateway_logins_total{result=\"failed\"} 0"))
        #expect(lines.contains("sallyport_gateway_session_failures_total{phase=\"outside\"} 0"))
        #expect(lines.contains("sallyport_gateway_builder_entries_total 0"))
        #expect(lines.contains("sallyport_gateway_key_lookups_total{result=\"stale\"} 0"))
        #expect(lines.contains("sallyport_gateway_attached_machines 0"))
    }

    @Test func aServiceThatAnswersIsUp() {
        let lines = lines(.init(seconds: 0.004, knowsPeople: false, clockOffset: -2))
        #expect(
            lines.isSuperset(of: [
                "sallyport_gateway_service_up 1", "sallyport_gateway_key_lookup_seconds 0.004",
                "sallyport_gateway_service_clock_offset_seconds -2",
                "sallyport_gateway_service_knows_people 0",
            ]))
    }

    @Test func aServiceWhoseSourceOfPeopleIsSilentAnswers() {
        func answer(_ code: ServiceError.Code, _ problem: Problem? = nil) -> Result<Key?, ServiceError> {
            .failure(ServiceError(code, problem: problem, detail: "in a test"))
        }
        let silent = Problem(type: Problem.peopleUnknownType, title: "t", status: 503)
        #expect(ServiceProbe.knowsPeople(.success(nil)) == true)
        #expect(ServiceProbe.knowsPeople(answer(.unavailable, silent)) == false)
        #expect(ServiceProbe.knowsPeople(answer(.unavailable)) == nil)
        #expect(ServiceProbe.knowsPeople(nil) == nil)
    }

    /// Then logins are counted in the folders of the default, and a second gateway's not at all.
    @Test(arguments: [Configuration.defaultPath, GatewaySurveyTests.file])
    func withoutAConfigurationThatIsSaid(file: String) {
        let survey = GatewaySurvey(of: nil, file: file, kernel: KernelTables(locks: "", sockets: ""))
        let lines = Self.lines(survey.text(), file: file)
        #expect(lines.contains("sallyport_gateway_configuration_usable 0"))
        #expect(lines.contains { $0.hasPrefix("sallyport_gateway_collected_timestamp_seconds ") })
        #expect(!lines.contains { $0.contains("service_up") || $0.contains("key_usable") })
        let isCounted = lines.contains { $0.hasPrefix("sallyport_gateway_counters_readable") }
        #expect(isCounted == (file == Configuration.defaultPath))
    }

    @Test func countersThatCannotBeReadAreMissingAndThatIsSaid() throws {
        for folder in ["sessions/@logins", "keys/.lookups"] {
            try FileManager.default.createDirectory(
                atPath: "\(self.folder)/\(folder)", withIntermediateDirectories: false)
        }
        let lines = lines()
        #expect(lines.contains("sallyport_gateway_counters_readable{file=\"logins\"} 0"))
        #expect(lines.contains("sallyport_gateway_counters_readable{file=\"lookups\"} 0"))
        #expect(!lines.contains { $0.contains("_total") })
    }

    @Test func eachQuestionIsAboutAnotherKey() throws {
        let keys = try (0..<3).map { _ in try #require(ServiceProbe.newKey()).fingerprint }
        #expect(Set(keys).count == 3)
    }

    @Test func whatWasCountedIsShown() {
        let logins = LoginResult.file(in: configuration.gateway.sessions)
        for result in LoginResult.allCases + [.letIn, .failedOutside] { logins.add(result) }
        let lookups = LookupResult.file(in: configuration.gateway.keyCache)
        for result in LookupResult.allCases + [.unknown] { lookups.add(result) }
        #expect(
            lines().isSuperset(of: [
                "sallyport_gateway_logins_total{result=\"let_in\"} 2",
                "sallyport_gateway_logins_total{result=\"refused\"} 1",
                "sallyport_gateway_logins_total{result=\"failed\"} 1",
                "sallyport_gateway_logins_total{result=\"unidentified\"} 1",
                "sallyport_gateway_session_failures_total{phase=\"outside\"} 2",
                "sallyport_gateway_session_failures_total{phase=\"inside\"} 1",
                "sallyport_gateway_builder_entries_total 1",
                "sallyport_gateway_counters_readable{file=\"logins\"} 1",
                "sallyport_gateway_counters_readable{file=\"lookups\"} 1",
                "sallyport_gateway_key_lookups_total{result=\"known\"} 1",
                "sallyport_gateway_key_lookups_total{result=\"unknown\"} 2",
                "sallyport_gateway_key_lookups_total{result=\"failed\"} 1",
                "sallyport_gateway_key_lookups_total{result=\"unidentified\"} 1",
                "sallyport_gateway_key_lookups_total{result=\"unreadable\"} 1",
                "sallyport_gateway_cached_keys 0",
            ]))
    }

    @Test func onlyPlacesThatAreTakenCount() throws {
        for name in ["1.0", "1.1", "2.0"] { try make("sessions/@commands/\(name)") }
        for name in ["SHA256:a", "SHA256:b", ".17"] { try make("keys/\(name)") }
        let descriptor = open(folder + "/sessions/@commands/1.1", O_RDWR | O_CLOEXEC)
        try #require(descriptor >= 0 && flock(descriptor, LOCK_EX | LOCK_NB) == 0)
        defer { close(descriptor) }
        let tables = KernelTables.read()
        #expect(tables.lockedFiles(in: folder + "/sessions/@commands") == 1)
        #expect(tables.lockedFiles(in: folder + "/none") == 0)
        var status = stat()
        try #require(stat(folder + "/sessions/@commands/2.0", &status) == 0)
        let locks = "1: FLOCK  ADVISORY  WRITE 708 \(KernelTables.number(of: status)) 0 EOF\n2: POSIX x\n"
        #expect(
            lines(locks: locks).isSuperset(of: [
                "sallyport_gateway_commands{kind=\"person\"} 1",
                "sallyport_gateway_commands{kind=\"attaching\"} 0", "sallyport_gateway_cached_keys 2",
            ]))
    }

    @Test func onlyMachinesThatAreThereCount() {
        let place = configuration.gateway.attached
        let sockets = """
            Num       RefCount Protocol Flags    Type St Inode Path
            0: 00000002 00000000 00010000 0001 01 1 \(place)/aa.sock
            0: 00000003 00000000 00000000 0001 03 2 \(place)/aa.sock
            0: 00000002 00000000 00010000 0001 01 3 \(place)/bb.sock
            0: 00000002 00000000 00010000 0001 01 4 \(place)/0123
            0: 00000002 00000000 00010000 0001 01 5 /elsewhere/cc.sock
            0: 00000002 00000000 00010000 0001 01 6
            """
        #expect(lines(sockets: sockets).contains("sallyport_gateway_attached_machines 2"))
    }

    @Test func aKeyThatOthersCanReadIsNotUsable() throws {
        func usable(_ key: String) -> Bool {
            lines().contains("sallyport_gateway_key_usable{key=\"\(key)\"} 1")
        }
        #expect(!usable("host") && !usable("builder"))
        try make("host.pub", mode: 0o644)
        try make("builder", mode: 0o600)
        #expect(usable("host") && usable("builder"))
        try make("host.pub", mode: 0o666)
        try make("builder", mode: 0o640)
        #expect(!usable("host") && !usable("builder"))
        // Nor one that the account cannot.
        try make("host.pub", mode: 0o200)
        try make("builder", mode: 0o200)
        #expect(!usable("host") && !usable("builder"))
    }

    @Test(.enabled(if: geteuid() == 0, "it gives files away"))
    func theKeyForBuildersIsTheAccounts() throws {
        let (account, root) = (uid_t(65_534), uid_t(0))
        try make("host.pub", mode: 0o644)
        try make("builder", mode: 0o600)
        func usable() -> [Bool] {
            ["host", "builder"].map {
                lines().contains("sallyport_gateway_key_usable{key=\"\($0)\"} 1")
            }
        }
        chown(folder + "/sessions", account, account)
        #expect(usable() == [true, false])
        chown(folder + "/builder", account, account)
        #expect(usable() == [true, true])
        chown(folder + "/host.pub", 12_345, root)
        #expect(usable() == [false, true])
    }
}
