import FoundationEssentials
import Testing
import World

/// The runner is a service that keeps its own contract, with a real builder.
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

    @Test func theRunnerKeepsTheContract() async throws {
        let world = try await SharedWorld.get()
        let examined = try await world.sallyport(
            [
                "conformance", "unix:\(world.serviceSocket)", "--owner", "alice", "--stranger", "bob",
                "--json",
            ], deadline: 200)
        await expect(examined, status: 0, in: world)
        let report = try JSONDecoder().decode(Report.self, from: Data(examined.output))
        // On a socket nobody has a token.
        let skipped = report.findings.filter { $0.outcome != "kept" }
        #expect(
            skipped.map(\.check) == ["roles.nobody", "roles.gateway", "roles.keys"],
            "\(skipped)")
        #expect(report.left == [])
    }

    @Test func theTableSaysWhatIsSeen() async throws {
        let world = try await SharedWorld.get()
        let manifest = "\(world.folder)/conformance.yaml"
        _ = try await world.run(["tee", manifest], input: "image: none\n")
        let examined = try await world.sallyport(
            [
                "conformance", "unix:\(world.serviceSocket)", "--owner", "alice", "--stranger", "bob",
                "--manifest", manifest,
            ])
        await expect(
            examined, status: 1,
            output: ["CHECK", "jobs.submit", "broken", "422", "there is no image", "skipped"], in: world)
    }

    @Test func nobodyThereIsSaid() async throws {
        let world = try await SharedWorld.get()
        let examined = try await world.sallyport(
            ["conformance", "unix:\(world.orphanedSocket)", "--owner", "alice"])
        await expect(examined, status: 69, errors: ["The build service cannot be reached"], in: world)
    }
}
