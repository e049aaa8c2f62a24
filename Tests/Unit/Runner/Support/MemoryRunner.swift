import AuthorizedKeys
import BuildAPI
import ConfigurationFile
import Foundation
import Testing

@testable import Runner

/// Jobs without an API, with a store in memory: they are Alice's.
struct MemoryRunner {
    let store = MemoryStore()
    let provider = FakeProvider()
    let clock = ManualClock()
    let log = RecordingLog()
    let folder = TestService.makeFolder()
    let alice: Person

    init() async throws {
        try FileManager.default.createDirectory(atPath: folder + "/logs", withIntermediateDirectories: true)
        let key = try PublicKey.parse(line: TestService.aliceKey).key
        alice = try await store.addKey(key, comment: "", owner: "alice", at: clock.now).owner
    }

    /// A runner with this store, which begins anew.
    func directory(slots: Int) -> JobDirectory {
        var settings = Settings(Configuration(service: .init(url: "")), hostName: "example.org")
        settings.stateFolder = folder
        return JobDirectory(
            JobContext(
                store: store,
                pools: Pools([TestService.localPool(provider, slots: slots, images: folder)]),
                settings: settings, timekeeper: clock.timekeeper, logger: log.logger))
    }

    /// A job with one task, `a`.
    func submit(_ script: String, to directory: JobDirectory) async throws -> JobID {
        let manifest = Manifest(image: "debian", tasks: [.init(name: "a", script: script)])
        return try await directory.submit(manifest, as: Submission(by: alice)).id
    }

    func wait(for id: JobID, in directory: JobDirectory, until condition: (Job) -> Bool) async throws {
        for try await item in try await directory.changes(of: id, after: nil) {
            guard case .change(let change) = item, condition(change.job) else { continue }
            // Whoever watches hears of a change before the directory does, and so before the next question.
            while try await directory.shown(id).eventNumber < change.number { await Task.yield() }
            return
        }
        Issue.record("the job's changes have ended before")
    }

    /// The lines of a job's own log, without their times.
    func ownLog(_ id: JobID) throws -> [String] {
        try String(contentsOfFile: "\(folder)/logs/\(id)/log", encoding: .utf8).split(separator: "\n")
            .map { $0.drop { $0 != " " }.dropFirst() }.map(String.init)
    }
}
