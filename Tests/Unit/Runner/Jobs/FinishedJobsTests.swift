import BuildAPI
import ConfigurationFile
import Foundation
import NIOHTTP1
import Testing

import class GRDB.DatabaseQueue
import class GRDB.Row

@testable import Runner

@Suite("Finished jobs have a limit for each owner")
struct FinishedJobsTests {
    private func limits(_ count: Int, _ bytes: Int) -> Configuration.Runner.Limits {
        .with { ($0.finishedPerOwner, $0.finishedBytesPerOwner) = (count, bytes) }
    }

    @Test("as many of the oldest go as have to")
    func surplus() {
        let oldest = (1...4).map { FinishedJobs.Finished(id: JobID("\($0)")!, bytes: 10 * $0) }
        func gone(_ count: Int, _ bytes: Int, _ limits: Configuration.Runner.Limits) -> [String] {
            FinishedJobs(count: count, bytes: bytes).surplus(oldest, limits).map(\.description)
        }
        #expect(gone(4, 100, limits(5, 101)) == [])
        #expect(gone(5, 100, limits(5, 1000)) == ["1"])
        #expect(gone(7, 100, limits(5, 1000)) == ["1", "2", "3"])
        #expect(gone(4, 100, limits(5, 100)) == ["1"])
        #expect(gone(4, 100, limits(5, 75)) == ["1", "2"])
        #expect(gone(9, 1000, limits(1, 1)) == ["1", "2", "3", "4"], "no more than there are")
    }

    @Test("the oldest go, and the answer names them; never one that waits, runs or has a builder")
    func removal() async throws {
        try await TestService.run(limits: limits(2, 1 << 30)) { service in
            try await service.addAlice()
            try await service.addBob()
            /// Runs a job to its end; returns what its submission has removed.
            @Sendable func finished(_ query: String = "owner=alice") async throws -> [String]? {
                service.clock.advance(by: 1)
                let job = try await service.submit("  - a: exit 0", query: query)
                // Without an event stream: a job that somebody watches is not removed, and a stream ends when its end is noticed.
                try await service.wait(step: 0.001) { try await service.job("\(job.id)").status.isFinal }
                try await service.wait { try service.isMeasured("\(job.id)") }
                return job.removed?.map(\.description)
            }
            _ = try await service.failedJob()
            _ = try await service.submit("  - a: wait")
            _ = try await service.job("2") { $0.builder?.state == .ready }
            for _ in 1...2 { #expect(try await finished() == nil) }
            _ = try await finished("owner=bob")
            #expect(try await finished() == ["3"])
            #expect(try await service.client.send(.GET, "/v1/jobs/3").status == 404)
            #expect(!FileManager.default.fileExists(atPath: service.folder + "/logs/3"))
            for job in ["1", "2", "4", "5"] {
                #expect(try await service.client.send(.GET, "/v1/jobs/\(job)").status == 200)
            }
            // It has ended last, though it came first.
            service.clock.advance(by: 1)
            _ = try await service.client.send(.DELETE, "/v1/jobs/1/builder")
            try await service.wait { try service.isMeasured("1") }
            let removed = try await finished()
            #expect(removed == ["4", "6"])
            #expect(try await service.job("1").removed == nil)
        }
    }

    @Test("manifest, source and logs count; an index answers; what earlier versions have left is measured")
    func bytes() async throws {
        let (directory, store, _) = try await TestService.makeDirectory()
        let alice = try #require(try await store.person("alice"))
        let manifest = Manifest(image: "debian", tasks: [.init(name: "a", script: "exit 0")])
        let id = try await directory.submit(manifest, as: Submission(by: alice)).id
        #expect(try await store.finishedJobs(of: .person(alice)) == FinishedJobs(count: 0, bytes: 0))
        _ = try await directory.with(id) { job throws(RunnerError) in
            try await job.cancel(by: Requester())
        }
        let size = try JSONEncoder().encode(manifest).count + (await directory.logs(id).size)
        // It is measured when it has been forgotten.
        while try await store.finishedJobs(of: .person(alice)).bytes == 0 { await Task.yield() }
        #expect(try await store.finishedJobs(of: .person(alice)) == FinishedJobs(count: 1, bytes: size))
        #expect(try await store.unmeasuredJobs(behind: nil, limit: 9) == [])
        try await store.write { try $0.execute(sql: "UPDATE job SET bytes = NULL, source = 5") }
        #expect(try await store.finishedJobs(of: .person(alice)) == FinishedJobs(count: 1, bytes: 5))
        await Retention(of: directory).measureFinishedJobs()
        #expect(try await store.finishedJobs(of: .person(alice)) == FinishedJobs(count: 1, bytes: size + 5))
        let oldest = try await store.oldestFinishedJobs(of: .person(alice), limit: 9)
        #expect(oldest == [.init(id: id, bytes: size + 5)])
        let plan = try await store.read {
            try Row.fetchAll($0, sql: "EXPLAIN QUERY PLAN " + SQLiteStore.finished, arguments: ["1"]).map(
                \.description)
        }
        #expect(plan.count == 1 && plan[0].contains("USING COVERING INDEX job_finished (owner=?)"), "\(plan)")
    }
}

extension TestService {
    /// Whether the job is only in the database, which knows its size.
    fileprivate func isMeasured(_ job: String) throws -> Bool {
        let database = try DatabaseQueue(path: "\(folder)/runner.sqlite")
        return try database.read {
            try Bool.fetchOne($0, sql: "SELECT bytes IS NOT NULL FROM job WHERE id = ?", arguments: [job])
                == true
        }
    }
}
