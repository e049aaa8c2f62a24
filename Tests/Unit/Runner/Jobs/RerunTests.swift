import BuildAPI
import ConfigurationFile
import Foundation
import NIOHTTP1
import Provider
import Synchronization
import Testing

@testable import Runner

@Suite("Jobs that are made of finished ones")
struct RerunTests {
    private func rerun(
        _ job: String, _ wish: NewRerun = .init(), person: String? = "1", of service: TestService
    ) async throws -> HTTPClient.Answer {
        let query = person.map { "?person=\($0)" } ?? ""
        return try await service.send(.POST, "/v1/jobs/\(job)/reruns\(query)", wish)
    }

    @Test("the same manifest runs again, as the owner's, with its note, visibility and source")
    func again() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            let old = try await service.failedJob(query: "owner=alice&note=parser&visibility=private")
            let new = try await rerun("1", of: service)
            #expect(new.status == 201, "\(new.text)")
            let job = try new.decode(Job.self)
            #expect(job.id == JobID("2") && job.owner == old.owner && job.submitter == nil)
            #expect(job.note == "parser" && job.visibility == .private)
            let expected = Job.Rerun(of: old.id, fresh: false, status: .failed, task: "a", exitStatus: 1)
            #expect(job.rerun == expected)
            let ended = try await service.job("2") { $0.builder?.state == .kept }
            #expect(ended.status == .failed && ended.tasks.map(\.exitStatus) == [1])
            #expect(ended.rerun == expected)
            // The finished one is what it was.
            #expect(try await service.job("1").status == .failed)
            #expect(try await service.job("1").rerun == nil)
        }
    }

    @Test("a fresh builder is prepared and kept at once, and nothing is run on it")
    func fresh() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            let text = "  - a: exit 0\n  - b: exit 3\n  - c: exit 0"
            _ = try await service.submit(text)
            _ = try await service.job("1") { $0.builder?.state == .kept }
            #expect(try await rerun("1", NewRerun(fresh: true), of: service).status == 201)
            let kept = try await service.job("2") { $0.builder?.state == .kept }
            #expect(kept.status == .success && kept.isFresh)
            #expect(kept.tasks.map(\.status) == [.skipped, .skipped, .skipped])
            #expect(kept.tasks.allSatisfy { $0.started == nil && $0.exitStatus == nil })
            let log = try await service.client.send(.GET, "/v1/jobs/2/logs/setup").text
            #expect(log.contains("as in job 1, but nothing is run\n"), "\(log)")
            let workload = try #require(await service.supply.machine(of: "2").prepared.withLock { $0.last })
            #expect(workload.tasks.map(\.name) == ["a", "b", "c"])
            let reproduction = try #require(workload.reproduction)
            #expect(
                reproduction.contains("job 1, which failed in task “b” with exit status 3.\n"),
                "\(reproduction)")
            #expect(reproduction.contains("\n    ~/.tasks/a\n    ~/.tasks/b\n\n"), "\(reproduction)")
            #expect(try await service.claim("2").status == 201)
        }
    }

    @Test(
        "jobs that have ended in any way can be run again",
        arguments: [
            ("  - a: exit 0", Job.Status.success), ("  - a: wait", .cancelled), ("  - a: wait", .timeout),
        ])
    func anyEnd(tasks: String, status: Job.Status) async throws {
        try await TestService.run { service in
            try await service.addAlice()
            _ = try await service.submit(tasks, more: "timeout: 60s")
            _ = try await service.job("1") { $0.status != .queued && $0.status != .pending }
            if status == .cancelled {
                #expect(try await service.client.send(.POST, "/v1/jobs/1/cancel?person=1").status == 200)
            } else if status == .timeout {
                try await service.wait { try await service.job("1").status.isFinal }
            }
            _ = try await service.job("1") { $0.status == status }
            let job = try await rerun("1", NewRerun(fresh: true), of: service).decode(Job.self)
            #expect(job.rerun?.status == status && job.rerun?.of == JobID("1"))
            _ = try await service.job("2") { $0.builder?.state == .kept }
        }
    }

    @Test("only its owner, their group and administrators can ask, and it stays the owner's")
    func people() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            try await service.addBob()
            let old = try await service.failedJob()
            #expect(try await service.client.send(.PUT, "/v1/jobs/1/shares/bob?person=1").status == 200)
            let guests = try await rerun("1", person: "2", of: service)
            #expect(guests.status == 403 && guests.text.contains("Only the owner of this job can do that."))
            #expect(try await rerun("99", of: service).status == 404)
            #expect(try await service.client.send(.PUT, "/v1/people/bob/administration").status == 204)
            let unshared = try await service.client.send(.DELETE, "/v1/jobs/1/shares/bob?person=1")
            #expect(unshared.status == 200)
            let job = try await rerun("1", person: "2", of: service).decode(Job.self)
            #expect(job.owner == old.owner && job.submitter == Person(id: "2", name: "bob"))
            // An operator need not say for whom.
            #expect(try await rerun("1", person: nil, of: service).decode(Job.self).submitter == nil)
            #expect(try await service.client.send(.PUT, "/v1/people/alice/suspension").status == 204)
            #expect(try await rerun("1", of: service).status == 403)
        }
    }

    @Test("a group's job stays the group's, and an administrator need not be in it")
    func groups() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            try await service.addBob()
            #expect(try await service.client.send(.PUT, "/v1/people/alice/groups/team").status == 204)
            _ = try await service.failedJob(query: "owner=alice&group=team")
            #expect(try await rerun("1", person: "2", of: service).status == 403)
            #expect(try await service.client.send(.PUT, "/v1/people/bob/administration").status == 204)
            let job = try await rerun("1", person: "2", of: service).decode(Job.self)
            #expect(job.owner == .group(Group(name: "team")))
            #expect(job.submitter == Person(id: "2", name: "bob"))
        }
    }

    @Test("what cannot be is refused in a sentence, and makes no job")
    func refusals() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            _ = try await service.submit("  - a: wait")
            let running = try await rerun("1", of: service)
            #expect(running.status == 409 && running.text.contains("Job 1 has not ended yet."))
            _ = try await service.client.send(.POST, "/v1/jobs/1/cancel?person=1")
            for (wish, sentence) in [
                (NewRerun(pool: "lab"), "There is no pool"), (NewRerun(image: "gone"), "There is no image"),
                (NewRerun(arch: "s390x"), "No pool has the architecture s390x"),
                (NewRerun(pool: "local", arch: "s390x"), "The pool local has no s390x, only"),
                (NewRerun(arch: "../x"), "This is no processor architecture"),
            ] {
                let answer = try await rerun("1", wish, of: service)
                #expect(answer.status == 422 && answer.text.contains(sentence), "\(answer.text)")
            }
            #expect(try await service.client.send(.GET, "/v1/jobs/2").status == 404)
        }
    }

    @Test("it counts in the owner's limits; a fresh builder that could not be kept is refused")
    func limits() async throws {
        try await TestService.run(limits: .with { ($0.keptPerOwner, $0.queuedPerOwner) = (1, 1) }) {
            service in
            try await service.addAlice()
            _ = try await service.failedJob()
            let full = try await rerun("1", NewRerun(fresh: true), of: service)
            #expect(full.status == 429, "\(full.text)")
            #expect(
                full.text.contains("alice already has 1 kept builder, which is the limit: release 1, or"),
                "\(full.text)")
            #expect(try await service.client.send(.DELETE, "/v1/jobs/1/builder?person=1").status == 200)
            #expect(try await rerun("1", NewRerun(fresh: true), of: service).status == 201)
        }
    }

    @Test("its source is the same file, until neither job needs it")
    func source() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            let sent = try await service.client.send(
                .POST, "/v1/jobs?owner=alice", headers: ["Content-Type": "application/x-tar"],
                body: JobSourceTests.source())
            #expect(sent.status == 201, "\(sent.text)")
            _ = try await service.job("1") { $0.builder?.state == .kept }
            #expect(try await rerun("1", NewRerun(fresh: true), of: service).status == 201)
            _ = try await service.job("2") { $0.builder?.state == .kept }
            let unpacked = await service.supply.machine(of: "2").unpacked.withLock { $0 }
            #expect(unpacked == ["\(service.folder)/sources/2"])
            func file(_ job: String) throws -> (UInt64, Int) {
                let attributes = try FileManager.default.attributesOfItem(
                    atPath: "\(service.folder)/sources/\(job)")
                return (
                    try #require(attributes[.systemFileNumber] as? UInt64),
                    try #require(attributes[.referenceCount] as? Int)
                )
            }
            #expect(try file("1") == file("2") && file("1").1 == 2)
            try FileManager.default.removeItem(atPath: "\(service.folder)/sources/1")
            let gone = try await rerun("1", of: service)
            #expect(gone.status == 409 && gone.text.contains("The source of job 1 is no longer kept"))
            let incoming = "\(service.folder)/sources/incoming"
            #expect(try FileManager.default.contentsOfDirectory(atPath: incoming).isEmpty)
        }
    }
}
