import AuthorizedKeys
import BuildAPI
import ConfigurationFile
import Foundation
import GRDB
import Logging
import NIOHTTP1
import Provider
import Synchronization
import Testing

@testable import Runner

@Suite("A full disk")
struct ShortageTests {
    @Test("a task's log waits for space, says so, and loses nothing")
    func taskLog() async throws {
        let folder = TestService.makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = "\(folder)/logs/1/a/log"
        try FullDisk.begin(at: path)
        try await TestService.run(folder: folder) { service in
            try await service.addAlice()
            _ = try await service.submit("  - a: wait")
            let machine = await service.supply.machine(of: "1")
            async let writing: Void = machine.write("one ", by: "a")
            let said = try await service.log("1", "setup", when: "waits")
            #expect(
                said.contains("task a: its log waits, because it cannot be written: No space left on device"))
            // Output from before the disk was full can be read in the meantime.
            #expect(try await service.client.send(.GET, "/v1/jobs/1/logs/a").text == "one ")
            try FullDisk.end(at: path)
            try await service.wait { FileManager.default.fileExists(atPath: path) }
            await writing
            await machine.write("two", by: "a")
            machine.finish("a", with: 0)
            let job = try await service.job("1") { $0.status.isFinal }
            #expect(job.status == .success)
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "one two")
            #expect(try await service.log("1", "setup", when: "success").contains("its log continues"))
        }
    }

    @Test("a job whose own log cannot be written runs to its end; its log is complete when there is space")
    func setupLog() async throws {
        let folder = TestService.makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = "\(folder)/logs/1/log"
        try FullDisk.begin(at: path)
        try await TestService.run(folder: folder) { service in
            try await service.addAlice()
            _ = try await service.submit("  - a: exit 0")
            _ = try await service.job("1") { $0.status.isFinal && $0.builder == nil }
            let shown = try await service.log("1", "setup", when: "success")
            try FullDisk.end(at: path)
            // It is written a piece at a time.
            try await service.wait { (try? String(contentsOfFile: path, encoding: .utf8)) == shown }
        }
    }

    @Test("a task that waits for space can be cancelled")
    func cancellation() async throws {
        let folder = TestService.makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FullDisk.begin(at: "\(folder)/logs/1/a/log")
        try await TestService.run(folder: folder) { service in
            try await service.addAlice()
            _ = try await service.submit("  - a: wait")
            async let writing: Void = service.supply.machine(of: "1").write("one ", by: "a")
            _ = try await service.log("1", "setup", when: "waits")
            #expect(try await service.client.send(.POST, "/v1/jobs/1/cancel").status == 200)
            await writing
            _ = try await service.job("1") { $0.status == .cancelled && $0.builder == nil }
        }
    }

    @Test("a job waits while there is no space for its builder, and can be cancelled")
    func builder() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            service.supply.answers(
                .failure(
                    AllocationFailure(
                        .notNow, "the builder waits for space: the disk is full", retryInterval: 1)))
            for _ in 1...2 { _ = try await service.submit("  - a: exit 0") }
            for job in ["1", "2"] {
                _ = try await service.log(job, "setup", when: "the builder waits for space")
            }
            #expect(try await service.client.send(.POST, "/v1/jobs/1/cancel").status == 200)
            service.supply.answers(.machine)
            try await service.wait { try await service.job("2").status == .success }
            #expect(try await service.job("1").status == .cancelled)
            let text = try await service.client.send(.GET, "/v1/jobs/2/logs/setup").text
            #expect(text.ranges(of: "waits for space").count == 1)
            #expect(service.supply.count == 1)
        }
    }

    @Test("a database without space refuses new jobs, and stores nothing partially")
    func refusal() async throws {
        let (directory, store, _) = try await TestService.makeDirectory()
        let alice = try #require(try await store.person("alice"))
        try await store.database.write { try $0.execute(sql: "PRAGMA max_page_count = 1") }
        let large = Manifest(
            image: "debian", tasks: [.init(name: "a", script: String(repeating: "#", count: 1 << 17))])
        let error = await #expect(throws: RunnerError.self) {
            try await directory.submit(large, as: Submission(by: alice))
        }
        #expect(error?.code == .noSpace && error?.description == "The disk of the build service is full.")
        #expect(try await store.jobs(owner: nil, live: false).isEmpty)
        try await store.database.write { try $0.execute(sql: "PRAGMA max_page_count = 100000") }
        #expect(try await directory.submit(large, as: Submission(by: alice)).id == JobID("1"))
    }

    @Test("a job's later state is stored when there is space, and only then forgotten")
    func laterStored() async throws {
        let (directory, store, clock) = try await TestService.makeDirectory()
        let alice = try #require(try await store.person("alice"))
        let id = try await directory.submit(Manifest(image: "debian"), as: Submission(by: alice)).id
        try await store.database.write {
            try $0.execute(
                sql: """
                    CREATE TRIGGER full BEFORE UPDATE ON job BEGIN SELECT RAISE(ABORT, 'no room'); END
                    """)
        }
        _ = try await directory.with(id) { job throws(RunnerError) in try await job.cancel(by: Requester()) }
        #expect(try await store.job(id)?.job.status == .queued)
        #expect(try await directory.job(id).status == .cancelled)
        #expect(await directory.entries.count == 1)
        try await store.database.write { try $0.execute(sql: "DROP TRIGGER full") }
        while await directory.entries.count > 0 {
            clock.advance(by: 1)
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(try await store.job(id)?.job.status == .cancelled)
        #expect(try await store.liveJobs().isEmpty)
    }
}
