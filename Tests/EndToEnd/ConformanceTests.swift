import FoundationEssentials
import TestBed
import Testing

/// The runner conforms to its own contract, with a real builder.
@Suite struct ConformanceTests {
    private struct Report: Decodable {
        struct Finding: Decodable {
            var check: String
            var outcome: String
            var seen: String
        }
        var findings: [Finding]
        var left: [String]
    }

    /// On a socket nobody has a token, so nothing can be said of them there.
    @Test func theRunnerKeepsTheContractOnItsSocket() async throws {
        let testBed = try await SharedTestBed.get()
        let report = try await examine(["unix:\(testBed.serviceSocket)"], in: testBed)
        let others = report.findings.filter { $0.outcome != "kept" }
        let skipped = [
            "roles.nobody", "roles.gateway", "roles.keys", "keys.pending", "keys.limits", "keys.wrong-word",
            "keys.confirm", "claims.pending",
        ]
        #expect(others.map(\.check) == skipped && others.allSatisfy { $0.outcome == "skipped" }, "\(others)")
        #expect(report.left == [])
    }

    @Test func theRunnerKeepsTheContractOnTheNetwork() async throws {
        let testBed = try await SharedTestBed.get()
        let files = TestBed.networkFiles
        let report = try await examine(
            [
                "https://127.0.0.1:\(try await testBed.runnerPort())", "--authorities",
                "\(files)/authority.pem",
                "--token-file", "\(files)/token-operator", "--gateway-token-file", "\(files)/token-gateway",
                "--keys-token-file", "\(files)/token-keys",
            ], in: testBed)
        let others = report.findings.filter { $0.outcome != "kept" }
        #expect(others.isEmpty, "\(others)")
        #expect(report.findings.contains { $0.check == "roles.keys" })
        #expect(report.left == [])
    }

    private func examine(_ service: [String], in testBed: TestBed) async throws -> Report {
        let examined = try await testBed.sallyport(
            ["conformance"] + service + ["--owner", "alice", "--stranger", "bob", "--json"], deadline: 200)
        await expect(examined, status: 0, in: testBed)
        return try JSONDecoder().decode(Report.self, from: Data(examined.output))
    }

    @Test func theTableSaysWhatIsSeen() async throws {
        let testBed = try await SharedTestBed.get()
        let manifest = "\(testBed.folder)/conformance.yaml"
        _ = try await testBed.run(["tee", manifest], input: "image: none\n")
        let examined = try await testBed.sallyport(
            [
                "conformance", "unix:\(testBed.serviceSocket)", "--owner", "alice", "--stranger", "bob",
                "--manifest", manifest,
            ])
        await expect(
            examined, status: 1,
            output: ["CHECK", "jobs.submit", "broken", "422", "there is no image", "skipped"], in: testBed)
    }

    @Test func nobodyThereIsSaid() async throws {
        let testBed = try await SharedTestBed.get()
        let examined = try await testBed.sallyport(
            ["conformance", "unix:\(testBed.orphanedSocket)", "--owner", "alice"])
        await expect(examined, status: 69, errors: ["The build service cannot be reached"], in: testBed)
    }
}
