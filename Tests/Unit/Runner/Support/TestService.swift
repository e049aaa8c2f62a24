import AuthorizedKeys
import BuildAPI
import ConfigurationFile
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import Testing

@testable import Runner

/// A whole service on its own socket, with machines in memory.
struct TestService: Sendable {
    let folder: String
    let supply: FakeProvider
    let clock: ManualClock
    let client: HTTPClient
    /// The address of the listener with TLS, if there is one.
    var overNetwork: HTTPClient?

    static let aliceKey =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOwhIYSjWFwCYUOLhrA+BjHpH1OvzujNrWStYZ+1eeqh"
    static let aliceFingerprint = "SHA256:0zj82Pf3zkTWbhD+UJW7JVD7nWn90HYw2nk733zX5Ug"

    static let bobKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMpDORu5S+8DioM1UuYWrsS9hjW9Hwv4Zb5glj5crSzs"
    static let bobFingerprint = "SHA256:qNndhKzAGBqXDsUnJ6N2RC1YRMSNxGYBpefEFMcF9XU"

    /// Runs the service while `body` runs, at most 90 seconds, because the machine may be busy.
    static func run(
        slots: Int = 4, limits: Configuration.Runner.Limits = .init(), idleTime: Int = 60,
        supply: FakeProvider = FakeProvider(),
        folder: String? = nil,
        clock: ManualClock = ManualClock(), terms: TermsOfUse? = nil, people: PeopleRules = .init(),
        network: NetworkFiles? = nil, others: [Pool] = [],
        _ body: @escaping @Sendable (TestService) async throws -> Void
    ) async throws {
        let path = folder ?? makeFolder()
        defer { if folder == nil { try? FileManager.default.removeItem(atPath: path) } }
        var settings = Settings(Configuration(service: .init(url: "")), hostName: "example.org")
        settings.stateFolder = path
        settings.limits = limits
        settings.suffixes = ["builds.example.org"]
        settings.idleTime = idleTime
        settings.times = Times(
            keep: 600, life: 3600, lease: 60, maxLife: 7200, commandLine: settings.times.commandLine)
        let socket = "\(path)/s"
        let runner = Runner(
            settings: settings, roles: Roles(own: geteuid()), socket: socket,
            network: try network.map { try NetworkListener($0.configuration) }, terms: terms, people: people,
            pools: Pools([localPool(supply, slots: slots, images: path)] + others),
            timekeeper: clock.timekeeper, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let isReady = Latch<Bool>()
        let port = Latch<Int>()
        try await withThrowingTaskGroup { group in
            group.addTask {
                try await runner.serve(
                    in: try StateFolder(path), isEphemeral: false,
                    onReady: { address in
                        if let number = address.port { port.open(number) } else { isReady.open(true) }
                    })
            }
            group.addTask {
                try await Task.sleep(for: .seconds(90))
                throw TestTimeout()
            }
            group.addTask {
                _ = try await isReady.wait()
                let overNetwork: HTTPClient? =
                    if let network {
                        HTTPClient(socket: "", port: try await port.wait(), tls: try network.client)
                    } else { nil }
                try await body(
                    TestService(
                        folder: path, supply: supply, clock: clock, client: HTTPClient(socket: socket),
                        overNetwork: overNetwork))
            }
            try await group.next()
            group.cancelAll()
            while let result = await group.nextResult() { _ = result }
        }
    }

    /// The pool `local`, with an image `debian` in that folder.
    static func localPool(_ provider: FakeProvider, slots: Int, images: String) -> Pool {
        Pool(
            "local", .init(), max: slots,
            images: Images(
                folder: images, aliases: ["debian/stable": "debian", "debian/old": "../debian"]),
            provider: provider)
    }

    static func makeFolder() -> String {
        let folder = "/tmp/sallyport-\(UInt32.random(in: 0 ... .max))"
        makeImage("debian", in: folder)
        return folder
    }

    /// An image with all the files that a builder needs to start. They are empty.
    static func makeImage(_ name: String, in folder: String) {
        let path = "\(folder)/\(name)"
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        for file in ["vmlinuz", "initramfs.cpio.gz"] {
            _ = FileManager.default.createFile(atPath: "\(path)/\(file)", contents: nil)
        }
    }

    /// A service without its API: Alice's jobs, none of which is running.
    static func makeDirectory() async throws -> (JobDirectory, SQLiteStore, ManualClock) {
        let folder = makeFolder()
        try FileManager.default.createDirectory(atPath: folder + "/logs", withIntermediateDirectories: true)
        let store = try SQLiteStore(path: folder + "/runner.sqlite")
        _ = try await store.addKey(
            try PublicKey.parse(line: aliceKey).key, comment: "", owner: "alice", at: .now)
        var settings = Settings(Configuration(service: .init(url: "")), hostName: "example.org")
        settings.stateFolder = folder
        let clock = ManualClock()
        let directory = JobDirectory(
            JobContext(
                store: store, pools: Pools([localPool(FakeProvider(), slots: 0, images: folder)]),
                settings: settings, timekeeper: clock.timekeeper,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
        return (directory, store, clock)
    }

    /// What answers requests, without a listener, for Alice and Bob.
    static func makeResponder(lists: Turns? = nil, archives: Turns? = nil) async throws -> Responder {
        let (directory, store, clock) = try await makeDirectory()
        let bob = try PublicKey.parse(line: bobKey).key
        _ = try await store.addKey(bob, comment: "", owner: "bob", at: .now)
        let folder = directory.settings.stateFolder
        try FileManager.default.createDirectory(
            atPath: IncomingSource.folder(in: folder), withIntermediateDirectories: true)
        let turns = Turns(clock.timekeeper, refusal: RunnerError(.failure, "Nobody waits for these."))
        return Responder(
            directory: directory, store: store, people: directory.context.people,
            authentication: .peer(Roles(own: geteuid())), terms: nil,
            streams: StreamLimit(ofPerson: 1), lists: lists ?? turns,
            manifests: turns, archives: archives ?? turns, logger: directory.logger)
    }

    /// Her id is 1.
    func addAlice() async throws { try await add("alice", Self.aliceKey) }

    /// Another person; his id is 2 if he is added after Alice.
    func addBob() async throws { try await add("bob", Self.bobKey) }

    private func add(_ name: String, _ key: String) async throws {
        let answer = try await send(.POST, "/v1/keys", NewKey(owner: name, key: key))
        try #require(answer.status == 201)
    }

    func send(_ method: HTTPMethod, _ path: String, _ body: some Encodable) async throws -> HTTPClient.Answer
    {
        try await client.send(
            method, path, headers: ["Content-Type": "application/json"],
            body: String(decoding: try JSON.encode(body), as: UTF8.self))
    }

    func submit(_ tasks: String, more: String = "", query: String = "owner=alice") async throws -> Job {
        let answer = try await submission(tasks, more: more, query: query)
        try #require(answer.status == 201, "\(answer.text)")
        return try JSON.decode(Job.self, from: Data(answer.body))
    }

    func submission(
        _ tasks: String, more: String = "", query: String = "owner=alice"
    ) async throws -> HTTPClient.Answer {
        try await client.send(
            .POST, "/v1/jobs?\(query)", headers: ["Content-Type": "application/yaml"],
            body: "image: debian\n\(more)\ntasks:\n\(tasks)")
    }

    /// A failed job of Alice's, whose builder is kept.
    func failedJob(query: String = "owner=alice") async throws -> Job {
        let id = try await submit("  - a: exit 1", query: query).id
        return try await job("\(id)") { $0.builder?.state == .kept }
    }

    func job(_ id: String) async throws -> Job {
        try JSON.decode(Job.self, from: Data(try await client.send(.GET, "/v1/jobs/\(id)").body))
    }

    /// The job as soon as the condition holds: from its events, without polling.
    func job(_ id: String, when condition: @escaping @Sendable (Job) -> Bool) async throws -> Job {
        let found = Latch<Job>()
        _ = try await client.send(.GET, "/v1/jobs/\(id)/events") { bytes in
            let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
            for line in lines where line.hasPrefix("data: ") {
                guard let job = try? JSON.decode(Job.self, from: Data(line.dropFirst(6).utf8)), condition(job)
                else { continue }
                found.open(job)
                return false
            }
            return true
        }
        return try #require(found.value, "the events ended before")
    }

    /// The log as soon as it contains that.
    func log(_ job: String, _ name: String, when text: String) async throws -> String {
        let answer = try await client.send(.GET, "/v1/jobs/\(job)/logs/\(name)?follow=true") {
            !String(decoding: $0, as: UTF8.self).contains(text)
        }
        try #require(answer.text.contains(text), "the log ended before")
        return answer.text
    }

    /// Advances the time by seconds until the condition holds.
    func wait(step: Double = 1, until condition: @Sendable () async throws -> Bool) async throws {
        while try await !condition() {
            clock.advance(by: step)
            // The woken tasks need a thread too.
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    func claim(
        _ job: String, session: String = "s1", kind: Claim.Kind = .shell, byBob: Bool = false
    ) async throws -> HTTPClient.Answer {
        let (key, fingerprint) =
            byBob ? (Self.bobKey, Self.bobFingerprint) : (Self.aliceKey, Self.aliceFingerprint)
        let request = ClaimRequest(
            session: session, kind: kind, person: .init(id: byBob ? "2" : "1"), keyFingerprint: fingerprint,
            key: key, from: "192.0.2.1")
        return try await send(.POST, "/v1/jobs/\(job)/claims", request)
    }
}

struct TestTimeout: Error {}

extension Configuration.Runner.Limits {
    /// The default, changed by `change`.
    static func with(_ change: (inout Self) -> Void) -> Self {
        var limits = Self()
        change(&limits)
        return limits
    }
}

extension HTTPClient.Answer {
    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try JSON.decode(type, from: Data(body))
    }
}
