import BuildAPI
import ConfigurationFile
import Foundation
import NIOHTTP1
import Provider
import Synchronization
import Testing

@testable import Runner

/// Artifacts from a machine in memory to the answer of the API.
@Suite("Artifacts of a service's jobs")
struct ArtifactServiceTests {
    /// A job of Alice's that ends as its script says.
    private static func run(
        _ script: String = "exit 0", artifacts: String = "[a, dist/*]", parts: [FilePart] = parts,
        error: BuilderError? = nil, in service: TestService
    ) async throws -> Job {
        service.supply.onMachine { $0.files.withLock { $0 = (parts, error) } }
        let id = try await service.submit("  - a: \(script)", more: "keep: never\nartifacts: \(artifacts)").id
        return try await service.job("\(id)") { $0.status.isFinal && $0.builder == nil }
    }

    private static let parts =
        FakeMachine.file("a", "\u{0}\u{1}binary\n") + FakeMachine.file("dist/b c", "two")
        + [.omission(.noMatch(pattern: 1))]

    private static func list(_ job: Job, _ service: TestService) async throws -> HTTPClient.Answer {
        try await service.client.send(.GET, "/v1/jobs/\(job.id)/artifacts?person=1")
    }

    @Test("they are listed, and given out byte for byte")
    func given() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            let job = try await Self.run(in: service)
            #expect(
                job.artifacts == .init(count: 2, size: 12, remarks: ["nothing matches dist/*"])
                    && job.entered == nil)
            let machine = await service.supply.machine(of: "1")
            #expect(
                machine.wanted.withLock { $0 } == [
                    WantedFiles(patterns: ["a", "dist/*"], size: 100 << 20, count: 1000)
                ])
            let list = try await Self.list(job, service).decode(ArtifactList.self)
            #expect(list.artifacts.map(\.name) == ["a", "dist/b c"] && list.artifacts.map(\.size) == [9, 3])
            #expect(list.withheld == nil && list.taken != nil)
            let path = "/v1/jobs/1/artifacts"
            for (name, content) in [
                ("a", "\u{0}\u{1}binary\n"), ("dist/b%20c", "two"), ("dist%2Fb%20c", "two"),
            ] {
                let answer = try await service.client.send(.GET, "\(path)/\(name)?person=1")
                #expect(answer.status == 200 && answer.text == content && answer.isWhole)
                #expect(answer.headers.first(name: "Content-Length") == "\(content.utf8.count)")
            }
            let log = try await service.log("1", "setup", when: "success")
            #expect(log.contains(" artifacts: 2 files, 12 bytes\n"))
            #expect(log.contains(" artifacts: nothing matches dist/*\n"))
            for (name, status) in [("b", 404), ("dist", 404), ("../1/artifacts/a", 404), ("a/", 404)] {
                #expect(try await service.client.send(.GET, "\(path)/\(name)").status == status, "\(name)")
            }
            #expect(try await service.client.send(.GET, "\(path)?format=zip").status == 400)
        }
    }

    @Test("as a tar archive, which tar(1) reads")
    func tar() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            let long = "dist/" + String(repeating: "long", count: 50)
            _ = try await Self.run(parts: Self.parts + FakeMachine.file(long, "3"), in: service)
            let answer = try await service.client.send(.GET, "/v1/jobs/1/artifacts?format=tar&person=1")
            #expect(answer.status == 200 && answer.isWhole && answer.body.count % 512 == 0)
            #expect(answer.headers.first(name: "Content-Type") == "application/x-tar")
            let folder = "\(service.folder)/unpacked"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try Data(answer.body).write(to: URL(filePath: "\(folder).tar"))
            let tar = Process()
            tar.executableURL = URL(filePath: "/usr/bin/env")
            tar.arguments = ["tar", "-xf", "\(folder).tar", "-C", folder]
            try tar.run()
            tar.waitUntilExit()
            #expect(tar.terminationStatus == 0)
            #expect(FileManager.default.contents(atPath: "\(folder)/a") == Data("\u{0}\u{1}binary\n".utf8))
            #expect(FileManager.default.contents(atPath: "\(folder)/dist/b c") == Data("two".utf8))
            #expect(FileManager.default.contents(atPath: "\(folder)/\(long)") == Data("3".utf8))
        }
    }

    @Test("after a failure only if the manifest says always, and then before the builder ends")
    func when() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            let failed = try await Self.run("exit 1", in: service)
            #expect(failed.artifacts == .init())
            let refused = try await Self.list(failed, service)
            #expect(refused.status == 409 && refused.text.contains("does not say “when: always”"))
            let always = try await Self.run("exit 1", artifacts: "{paths: [a], when: always}", in: service)
            #expect(always.status == .failed && always.artifacts?.count == 2)
            #expect(try await Self.list(always, service).status == 200)
            let early = try await Self.run("complete-build", in: service)
            #expect(early.status == .success && early.artifacts?.count == 2)
        }
    }

    @Test("what goes wrong with them is a line of the log, and the job is what its tasks are")
    func failures() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            let silent = try await Self.run(error: BuilderError(.notTrusted), in: service)
            #expect(silent.status == .success)
            let reason = "none is kept: the builder could not be identified"
            #expect(silent.artifacts == .init(remarks: [reason]))
            #expect(try await service.log("1", "setup", when: "success").contains(" artifacts: \(reason)\n"))
            let refused = try await Self.list(silent, service)
            #expect(refused.status == 409 && refused.text.contains(reason))
            let greedy = try await Self.run(parts: [.file(name: "a", size: 200 << 20)], in: service)
            #expect(greedy.status == .success && greedy.artifacts?.count == nil)
            #expect(
                greedy.artifacts?.remarks == ["none is kept: the builder sends more than it was asked for"])
            let files = FileManager.default.subpaths(atPath: "\(service.folder)/logs") ?? []
            #expect(!files.contains { $0.contains(".artifacts") }, "\(files)")
        }
    }

    @Test("a connection that breaks is made again, and nothing is there twice")
    func broken() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            let lost = try await Self.run(error: BuilderError(.connectionLost), in: service)
            #expect(lost.artifacts?.remarks == ["none is kept: the connection to the builder was lost"])
            #expect(await service.supply.machine(of: "1").wanted.withLock { $0.count } == 3)
        }
    }

    @Test("there is nothing to see before the end, and of jobs that want none")
    func sentences() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            let running = try await service.submit("  - a: wait", more: "artifacts: [a]")
            let early = try await Self.list(running, service)
            #expect(early.status == 409 && early.text.contains("Job 1 has not ended yet"))
            _ = try await service.client.send(.POST, "/v1/jobs/1/cancel")
            #expect(
                try await Self.list(running, service).text.contains(
                    "Job 1 was cancelled, and nothing was taken."))
            let plain = try await service.submit("  - a: exit 0")
            #expect(
                try await Self.list(plain, service).text.contains("The manifest of job 2 names no artifacts.")
            )
        }
    }

    @Test(
        "a runner that starts again takes what its predecessor has not, and nothing is half",
        arguments: ["exit 0", "exit 1"])
    func restart(script: String) async throws {
        let folder = TestService.makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let supply = FakeProvider()
        let hold = Latch<Bool>()
        supply.onMachine { machine in
            machine.files.withLock { $0 = (Self.parts, nil) }
            machine.filesHold.withLock { $0 = hold }
        }
        try await TestService.run(supply: supply, folder: folder) { service in
            try await service.addAlice()
            _ = try await service.submit(
                "  - a: \(script)", more: "artifacts: {paths: [a], when: always}\nkeep: never")
            let machine = await supply.machine(of: "1")
            while machine.wanted.withLock({ $0.isEmpty }) { await Task.yield() }
            let job = try await service.job("1")
            #expect(!job.status.isFinal)
            #expect(try await service.claim("1", kind: .exec).status == 201)
        }
        hold.open(true)
        try await TestService.run(supply: supply, folder: folder) { service in
            let job = try await service.job("1") { $0.status.isFinal }
            #expect(job.artifacts?.count == 2 && job.status == (script == "exit 0" ? .success : .failed))
            // Who came in before the restart has come in.
            #expect(job.entered?.map(\.person.name) == ["alice"])
            let list = try await Self.list(job, service).decode(ArtifactList.self)
            #expect(list.artifacts.count == 2 && list.withheld?.contains("alice (owner) came in at ") == true)
            let files = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/logs/1")
            #expect(!files.contains(".artifacts.incoming"), "\(files)")
        }
    }

    @Test(
        "of a marked job everybody sees the list, and nobody gets a byte",
        arguments: [nil, "1", "2", "3"] as [String?])
    func withheld(person: String?) async throws {
        try await TestService.run { service in
            try await Self.marked("[a]", in: service)
            let query = person.map { "person=\($0)" } ?? ""
            let path = "/v1/jobs/1/artifacts"
            let list = try await service.client.send(.GET, "\(path)?\(query)").decode(ArtifactList.self)
            #expect(list.artifacts.count == 2)
            // Bob is a stranger.
            let who = person == "2" ? "somebody" : "alice (owner)"
            #expect(
                list.withheld?.hasPrefix("The artifacts of job 1 are withheld: \(who) came in at ") == true,
                "\(list)")
            for rest in ["/a?\(query)", "/dist/b%20c?\(query)", "?format=tar&\(query)"] {
                let answer = try await service.client.send(.GET, path + rest)
                #expect(answer.status == 403, "\(rest)")
                #expect(
                    answer.text.contains("\(who) came in at ")
                        && answer.text.contains(" by connect with a command"))
            }
            let log = try await service.log("1", "setup", when: "success")
            #expect(log.contains(" artifacts: withheld: alice (owner) came in at "))
        }
    }

    @Test("its owner can have said beforehand that they may go")
    func saidBeforehand() async throws {
        try await TestService.run { service in
            try await Self.marked("{paths: [a], entered: give}", in: service)
            let job = try await service.job("1")
            #expect(job.entered?.count == 1 && !job.withholdsArtifacts)
            let answer = try await service.client.send(.GET, "/v1/jobs/1/artifacts/dist/b%20c?person=1")
            #expect(answer.status == 200 && answer.text == "two")
            let list = try await service.client.send(.GET, "/v1/jobs/1/artifacts").decode(ArtifactList.self)
            #expect(list.withheld == nil)
        }
    }

    /// Alice has been inside the first job, which is public, and has succeeded; Bob, 2, is a stranger, and 3 an administrator.
    private static func marked(_ artifacts: String, in service: TestService) async throws {
        try await service.addAlice()
        try await service.addBob()
        service.supply.onMachine { $0.files.withLock { $0 = (Self.parts, nil) } }
        let carol = NewKey(
            owner: "carol",
            key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f")
        #expect(try await service.send(.POST, "/v1/keys", carol).status == 201)
        _ = try await service.client.send(.PUT, "/v1/people/carol/administration")
        _ = try await service.submit(
            "  - a: wait", more: "artifacts: \(artifacts)", query: "owner=alice&visibility=public")
        _ = try await service.job("1") { $0.builder?.state == .ready }
        let answer = try await service.claim("1", kind: .exec)
        #expect(answer.status == 201)
        let claim = try answer.decode(Claim.self)
        _ = try await service.client.send(.DELETE, "/v1/claims/\(claim.id)?reason=done")
        await service.supply.machine(of: "1").finish("a", with: 0)
        _ = try await service.job("1") { $0.status == .success }
    }

    @Test("they go with the job's logs, and count among the bytes of its owner")
    func retention() async throws {
        let limits = Configuration.Runner.Limits.with {
            $0.finishedBytesPerOwner = 20_000
            $0.retention = 3
        }
        try await TestService.run(limits: limits) { service in
            try await service.addAlice()
            let large = String(repeating: "x", count: 20_000)
            _ = try await Self.run(parts: FakeMachine.file("a", large), in: service)
            #expect(FileManager.default.fileExists(atPath: "\(service.folder)/logs/1/.artifacts/0"))
            // Its size is noted when nobody asks for it any more.
            try await service.wait(step: 3600) {
                _ = try await service.submit("  - a: exit 0")
                return try await service.client.send(.GET, "/v1/jobs/1").status == 404
            }
            #expect(!FileManager.default.fileExists(atPath: "\(service.folder)/logs/1"))
        }
    }

    @Test("a mark that cannot be stored lets nobody in, where artifacts depend on it")
    func unstored() async throws {
        let runner = try await MemoryRunner()
        let directory = runner.directory(slots: 4)
        var manifest = Manifest(image: "debian", tasks: [.init(name: "a", script: "wait")])
        manifest.artifacts = .init(paths: ["a"])
        let id = try await directory.submit(manifest, as: Submission(by: runner.alice)).id
        try await runner.wait(for: id, in: directory) { $0.builder?.state == .ready }
        runner.store.fail(with: RunnerError(.noSpace, "full"), only: "save")
        let error = await #expect(throws: RunnerError.self) {
            _ = try await directory.claim(id, TestService.aliceClaim)
        }
        #expect(error?.code == .noSpace)
        let job = try await directory.job(id)
        #expect(job.sessions.isEmpty && job.entered?.count == 1)
        let plain = try await runner.submit("wait", to: directory)
        runner.store.fail(with: nil)
        try await runner.wait(for: plain, in: directory) { $0.builder?.state == .ready }
        runner.store.fail(with: RunnerError(.noSpace, "full"), only: "save")
        _ = try await directory.claim(plain, TestService.aliceClaim)
        runner.store.fail(with: nil)
    }
}

extension TestService {
    /// Alice enters with a command.
    fileprivate static var aliceClaim: ClaimRequest {
        ClaimRequest(
            session: "s1", kind: .exec, person: .init(id: "1"), keyFingerprint: aliceFingerprint,
            key: aliceKey, from: "192.0.2.1")
    }
}
