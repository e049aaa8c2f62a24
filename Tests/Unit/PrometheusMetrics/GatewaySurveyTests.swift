import AuthorizedKeys
import ConfigurationFile
import Foundation
import Glibc
import KeyLookup
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

    /// The lines that are no comments.
    private func lines(
        _ service: ServiceProbe.Outcome = .init(), locks: String = "", sockets: String = ""
    ) -> Set<Substring> {
        let text = GatewaySurvey(of: configuration, kernel: KernelTables(locks: locks, sockets: sockets))
            .text(service)
        return Set(text.split(separator: "\n").filter { !$0.hasPrefix("#") })
    }

    @Test func aServiceThatDoesNotAnswerIsDownAndNothingElseIsMissing() {
        let outcome = ServiceProbe(of: configuration).outcome()
        #expect(outcome.seconds == nil && outcome.clockOffset == nil)
        let lines = lines(outcome)
        #expect(lines.contains("sallyport_gateway_service_up 0"))
        #expect(!lines.contains { $0.contains("_key_lookup_seconds") || $0.contains("clock_offset") })
        #expect(lines.contains("sallyport_gateway_logins_total{result=\"failed\"} 0"))
        #expect(lines.contains("sallyport_gateway_session_failures_total 0"))
        #expect(lines.contains("sallyport_gateway_key_lookups_total{result=\"stale\"} 0"))
        #expect(lines.contains("sallyport_gateway_attached_machines 0"))
    }

    @Test func aServiceThatAnswersIsUp() {
        let lines = lines(.init(seconds: 0.004, clockOffset: -2))
        #expect(
            lines.isSuperset(of: [
                "sallyport_gateway_service_up 1", "sallyport_gateway_key_lookup_seconds 0.004",
                "sallyport_gateway_service_clock_offset_seconds -2",
            ]))
    }

    @Test func eachQuestionIsAboutAnotherKey() throws {
        let keys = try (0..<3).map { _ in try #require(ServiceProbe.newKey()).fingerprint }
        #expect(Set(keys).count == 3)
    }

    @Test func whatWasCountedIsShown() {
        let logins = LoginResult.file(in: configuration.gateway.sessions)
        for result in [LoginResult.letIn, .letIn, .refused, .failed, .failedLater] { logins.add(result) }
        let lookups = LookupResult.file(in: configuration.gateway.keyCache)
        for result in [LookupResult.known, .unknown, .unknown, .failed] { lookups.add(result) }
        #expect(
            lines().isSuperset(of: [
                "sallyport_gateway_logins_total{result=\"let_in\"} 2",
                "sallyport_gateway_logins_total{result=\"refused\"} 1",
                "sallyport_gateway_logins_total{result=\"failed\"} 1",
                "sallyport_gateway_session_failures_total 1",
                "sallyport_gateway_key_lookups_total{result=\"known\"} 1",
                "sallyport_gateway_key_lookups_total{result=\"unknown\"} 2",
                "sallyport_gateway_key_lookups_total{result=\"failed\"} 1",
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
    }
}
