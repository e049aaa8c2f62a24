import BuildAPI
import CommandBuilders
import Foundation
import Logging
import Provider
import ProviderSuite
import TestBed
import Testing

/// What every provider has to do, done by allocator programs with a machine that has none of our programs.
@Suite(.serialized)
struct CommandProviderTests {
    /// - Parameters:
    ///   - words: the allocator's.
    ///   - folder: where the key and the folder of the pool are made.
    private func settings(
        _ words: [String], in folder: String, of testBed: TestBed
    ) async throws -> CommandProvider.Settings {
        let key = "\(folder)/runner"
        let made = try await testBed.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key])
        await expect(made, status: 0, in: testBed)
        let line = try await testBed.run(["cut", "-d", " ", "-f", "1,2", key + ".pub"]).text.trimmed
        var settings = CommandProvider.Settings(
            pool: "pool", words: words, folder: "\(folder)/pool", timeout: 60, identity: key,
            authorizedKeys: [line])
        settings.demandsRootsProgram = false
        return settings
    }

    @Test(.timeLimit(.minutes(4))) func itIsAProvider() async throws {
        let testBed = try await SharedTestBed.get()
        // Somebody was inside after the first job, so only a reset brings it back.
        let lab = try await LabMachine.start(in: testBed, more: "reset = [\"/bin/true\"]")
        let settings = try await self.settings(lab.command + ["--trust-file"], in: lab.folder, of: testBed)
        try await ProviderSuite(image: "") {
            let provider = try CommandProvider(settings, logger: Logger(label: "test"))
            await provider.begin { _ in true }
            return provider
        }.run()
        await expect(try await lab.hosts(["show"]), status: 0, output: ["free"], in: testBed)
        #expect(try FileManager.default.contentsOfDirectory(atPath: settings.folder) == ["work"])
        let connected = try await Command.run([
            "timeout", "5", "/bin/sh", "-c", "while pgrep -af \"^ssh.*$0\"; do sleep 0.05; done",
            settings.folder,
        ])
        #expect(connected.status == 0, "connections stay open after their machines' release: \(connected)")
        try await lab.builder.end()
    }

    /// The same by `resalloc`, whose machines nobody vouches for.
    @Test(.timeLimit(.minutes(4))) func resallocIsAProvider() async throws {
        let testBed = try await SharedTestBed.get()
        let builder = try await StandInBuilder.start(
            in: testBed, options: ["-o", "AuthorizedKeysFile=.ssh/authorized_keys"])
        let server = try await ResallocServer.start(for: builder)
        var settings = try await settings(server.command + ["--trust-file"], in: server.folder, of: testBed)
        settings.acceptsFirstKeys = true
        try await ProviderSuite(image: "") { [settings] in
            let provider = try CommandProvider(settings, logger: Logger(label: "test"))
            await provider.begin { _ in true }
            return provider
        }.run()
        #expect(try await server.openTickets() == "")
        #expect(try FileManager.default.contentsOfDirectory(atPath: settings.folder) == ["work"])
        let left = try FileManager.default.contentsOfDirectory(atPath: server.folder + "/state")
        #expect(left.sorted() == ["lock", "state.json"])
        try await builder.end()
    }

    /// Nobody comes back for the machine: it closes itself, and can be released later.
    @Test(.timeLimit(.minutes(2))) func aMachineThatIsForgottenClosesItself() async throws {
        let testBed = try await SharedTestBed.get()
        let lab = try await LabMachine.start(in: testBed)
        let provider = try CommandProvider(
            try await settings(lab.command + ["--trust-file"], in: lab.folder, of: testBed),
            logger: Logger(label: "test"))
        let job = JobID("5")!
        let request = BuilderRequest(
            allocation: AllocationID(for: job), job: job,
            owner: .person(BuildAPI.Person(id: "1", name: "alice")),
            pool: "pool", image: "", hostNames: ["job-5"], life: 300, longestLife: 600, grace: 1)
        let builder = try await provider.allocate(request) { _ in }
        _ = try await builder.waitUntilReady(within: 60)
        try await builder.channel.prepare(
            Workload(environment: [], tasks: [.init(name: "a", text: "#!/bin/sh\nexec sleep 27182\n")]))
        try await builder.channel.startTask("a")
        let admitted = try await StandInBuilder.authorizedKeys(in: testBed)
        #expect(admitted.contains("# sallyport begin"), "\(admitted)")
        try await builder.channel.setDeadline(secondsFromNow: 1)
        let left = try await StandInBuilder.authorizedKeys(in: testBed) { !$0.contains("sallyport") }
        #expect(left.count == 1, "\(left)")
        let gone = try await testBed.run(["/bin/sh", "-c", "while pgrep -u 64600; do sleep 0.05; done"])
        await expect(gone, status: 0, in: testBed)
        try await provider.release(
            Allocation(id: request.allocation, job: job, pool: "pool", data: builder.data), entered: false)
        await expect(try await lab.hosts(["show"]), status: 0, output: ["free"], in: testBed)
        try await lab.builder.end()
    }
}
