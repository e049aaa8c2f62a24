import AuthorizedKeys
import BuildAPI
import Dispatch
import ServiceClient
import Testing

@testable import Conformance

@Suite("The examination of a build service")
struct ConformanceTests {
    @Test("a conforming service passes every check, and nothing is left behind")
    func keeps() async throws {
        try await ModelServer.serving(ModelService(lease: 6)) { url, server in
            let report = try await examine(url, options)
            #expect(report.findings.filter { $0.outcome != .kept } == [])
            #expect(report.findings.map(\.check) == Check.allCases)
            #expect(report.left == [])
            let state = server.state
            #expect(state.keys == [] && state.pending == [] && state.claims.isEmpty)
            #expect(state.attachments == [] && state.pairings.isEmpty)
            #expect(state.jobs.count == 2 && state.jobs.allSatisfy { $0.status.isFinal && $0.builder == nil })
        }
    }

    @Test("a service with one fault fails exactly that check", arguments: Check.allCases)
    func finds(fault: Check) async throws {
        // Waiting takes time, so it is done only for leases. It is long enough for
        // heartbeats that are late while everything is tested at once.
        let waits = [.leasesEnd, .leasesRenewed].contains(fault)
        try await ModelServer.serving(ModelService(fault: fault, lease: waits ? 6 : 60)) { url, _ in
            let report = try await examine(url, options)
            let broken = report.findings.filter { $0.outcome == .broken }
            #expect(broken.map(\.check) == [fault], "\(broken)")
            #expect(!report.isKept)
        }
    }

    @Test("checks that cannot be made are skipped, with the reason")
    func skips() async throws {
        try await ModelServer.serving(ModelService()) { url, _ in
            var options = options
            (options.token, options.gatewayToken, options.keysToken) = ("gateway", nil, nil)
            let report = try await examine(url, options)
            #expect(report.count(.broken) == 0)
            let skipped = report.findings.filter { $0.outcome == .skipped }
            #expect(skipped.allSatisfy { !$0.seen.isEmpty && $0.seen != "it was not reached" })
            #expect(skipped.contains { $0.check == .keysAdd && $0.seen.contains("POST /v1/keys: 403") })
            #expect(skipped.contains { $0.check == .claimsMake })
            #expect(skipped.contains { $0.check == .keysConfirm })
            #expect(skipped.contains { $0.check == .attachmentsMake })
            #expect(skipped.contains { $0.check == .pairingsAdopt })
        }
    }

    @Test("an existing key of the owner is enough if keys cannot be added")
    func ownKey() async throws {
        var model = ModelService()
        let key = Examination.unknownKey().line
        try model.addKey(key, of: "alice")
        try await ModelServer.serving(model) { url, server in
            var options = options
            (options.token, options.key) = ("gateway", key)
            let report = try await examine(url, options)
            #expect(report.count(.broken) == 0)
            #expect(report.findings.contains { $0.check == .claimsLogout && $0.outcome == .kept })
            #expect(server.state.keys.count == 1)
        }
    }

    @Test("an existing failed job is enough if none should be submitted")
    func ownJob() async throws {
        var model = ModelService()
        let key = Examination.unknownKey().line
        try model.addKey(key, of: "alice")
        model.hasSockets = true
        let job = model.addFailedJob(of: "alice")
        try await ModelServer.serving(model) { url, server in
            var options = options
            (options.token, options.key, options.job) = ("gateway", key, job)
            let report = try await examine(url, options)
            #expect(report.count(.broken) == 0)
            let address = report.findings.first { $0.check == .claimsAddress }
            #expect(address?.seen == "the socket /run/builds/1")
            let kept = report.findings.filter { $0.outcome == .kept }.map(\.check)
            #expect(Set(kept).isSuperset(of: [.eventsData, .logsFollow, .claimsMake, .claimsLogout]))
            #expect(!kept.contains(.jobsSubmit) && server.state.jobs.count == 1)
        }
    }

    @Test("a level tests what it needs, and changes nothing else", arguments: Level.allCases)
    func levels(level: Level) async throws {
        var model = ModelService(fault: .logsRange)
        model.isBrief = true
        let key = Examination.unknownKey().line
        try model.addKey(key, of: "alice")
        let job = model.addFailedJob(of: "alice")
        try await ModelServer.serving(model) { url, server in
            var options = options
            (options.token, options.key, options.job, options.level) = ("gateway", key, job, level)
            let report = try await examine(url, options)
            #expect(report.level == level && report.isKept == (level == .connect))
            #expect(report.findings.map(\.check) == Check.allCases.filter { $0.level <= level })
            let broken = report.findings.filter { $0.outcome == .broken }.map(\.check)
            #expect(broken == (level == .connect ? [] : [.logsRange]))
            #expect(report.findings.contains { $0.check == .claimsMake && $0.outcome == .kept })
            #expect((server.state.jobs[0].builder == nil) == (level > .connect), "a logout is for `follow`")
        }
    }

    @Test("an unreachable service is an error, not a finding")
    func nobody() async throws {
        let error = await #expect(throws: Unreachable.self) {
            _ = try await examine("unix:/nonexistent/socket", options)
        }
        #expect(error?.isTransient == false)
    }

    private var options: Options {
        var options = Options(owner: "alice")
        (options.token, options.gatewayToken, options.keysToken) = ("operator", "gateway", "keys")
        (options.settling, options.patience) = (3, 30)
        return options
    }

    /// It blocks, so it has its own thread.
    private func examine(_ url: String, _ options: Options) async throws -> Report {
        let endpoint = try #require(Endpoint(url))
        return try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(with: Result { try Examination(of: endpoint, options).run() })
            }
        }
    }
}
