import BuildAPI
import EventLoop
import Glibc
import Policy
import ServiceClient
import Testing

@testable import Gateway

/// In which order the logs of a job come, and when they have come to their end.
@Suite final class LogFollowerTests {
    private let service = MemoryService()
    private let loop = EventLoop()
    private let sink: OutputSink
    private let ends: (read: CInt, write: CInt)
    private var result: Result<Void, ServiceError>?

    init() throws {
        var ends: [CInt] = [0, 0]
        try #require(pipe(&ends) == 0)
        self.ends = (ends[0], ends[1])
        sink = OutputSink(ends[1], on: loop)
    }

    deinit {
        close(ends.read)
        close(ends.write)
    }

    private func follow(_ job: Job) throws -> LogFollower {
        let permit = try Permit.decide(.look, on: job.id, job, for: try Fixture.known(Fixture.alice))
        return LogFollower(permit, of: service, to: sink, raw: false) { [unowned self] in result = $0 }
    }

    /// What has come out so far.
    private func shown() -> String {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        var waiting = pollfd(fd: ends.read, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, 0) > 0 else { return "" }
        let count = read(ends.read, &buffer, buffer.count)
        return String(decoding: buffer[..<max(0, count)], as: UTF8.self)
    }

    private func job(_ status: Job.Status, _ tasks: [(String, Job.Task.Status)]) -> Job {
        var job = Fixture.job(status)
        job.tasks = tasks.map { Job.Task(name: $0.0, status: $0.1) }
        return job
    }

    @Test func oneTaskComesAfterTheOtherAndTheJobsOwnLogBeside() throws {
        let follower = try follow(job(.running, []))
        #expect(service.logs.map(\.name) == ["setup"])
        service.log("setup")?.say("booting\n")
        follower.update(job(.running, [("build", .running), ("check", .pending)]))
        #expect(service.logs.map(\.name) == ["setup", "build"])
        service.log("build")?.say("one\n")
        // The next has begun, and the reader is not at the end of the first yet.
        follower.update(job(.running, [("build", .success), ("check", .running)]))
        #expect(service.logs.count == 2)
        service.log("build")?.say("two\n")
        service.log("build")?.end()
        #expect(service.logs.map(\.name) == ["setup", "build", "check"])
        service.log("check")?.say("three")
        service.log("setup")?.say("task check: exit 1\n")
        follower.update(job(.failed, [("build", .success), ("check", .failed)]))
        service.log("check")?.end()
        #expect(result == nil, "the job's own log goes on")
        service.log("setup")?.end()
        #expect((try? result?.get()) != nil)
        #expect(shown() == "booting\n[build] one\n[build] two\n[check] three\ntask check: exit 1\n")
    }

    @Test func anEndedJobsOwnLogComesFirstAsAWhole() throws {
        let follower = try follow(job(.failed, []))
        follower.update(job(.failed, [("build", .failed), ("check", .skipped)]))
        #expect(service.logs.map(\.name) == ["setup"])
        service.log("setup")?.end()
        #expect(service.logs.map(\.name) == ["setup", "build"], "a task that was skipped has no log")
        service.log("build")?.end()
        #expect((try? result?.get()) != nil)
    }

    @Test(arguments: [.noSuchLog, .notOffered] as [ServiceError.Code])
    func aLogThatIsNotThereHasEnded(code: ServiceError.Code) throws {
        let follower = try follow(job(.failed, [("build", .failed)]))
        follower.update(job(.failed, [("build", .failed)]))
        service.log("setup")?.end(.failure(Fixture.serviceError(code)))
        service.log("build")?.end(.failure(Fixture.serviceError(code)))
        #expect((try? result?.get()) != nil && shown().isEmpty && !follower.hasFoundLog)
    }

    @Test func anEmptyLogIsALog() throws {
        let follower = try follow(job(.failed, []))
        follower.update(job(.failed, []))
        service.log("setup")?.end()
        #expect((try? result?.get()) != nil && follower.hasFoundLog)
    }

    @Test(arguments: [.unavailable, .notPermitted, .notAuthenticated, .brokenOff] as [ServiceError.Code])
    func aLogThatCannotBeReadIsTheEndOfAll(code: ServiceError.Code) throws {
        let follower = try follow(job(.running, [("build", .running)]))
        follower.update(job(.running, [("build", .running)]))
        service.log("build")?.say("half a li")
        service.log("build")?.end(.failure(Fixture.serviceError(code)))
        guard case .failure(let error) = result else {
            Issue.record("it goes on")
            return
        }
        #expect(error.code == code)
        #expect(service.logs.allSatisfy { $0.name == "build" || $0.isCancelled })
        #expect(shown() == "[build] half a li\n")
        service.log("setup")?.say("late\n")
        #expect(shown().isEmpty, "nothing comes after the end")
    }

    @Test func whileNobodyReadsNothingMoreIsTaken() throws {
        let follower = try follow(job(.running, []))
        let line = String(repeating: "x", count: 100_000) + "\n"
        var taken = 0
        while service.log("setup")?.say(line) == true { taken += 1 }
        #expect((3...10).contains(taken))
        var received = 0
        loop.timer(after: .seconds(10)) { [loop] in loop.stop() }
        let reader = loop.watch(ends.read, for: .readable) { [unowned self] _ in
            received += shown().utf8.count
            if received == taken * line.utf8.count, service.log("setup")!.resumptions > 0 { loop.stop() }
        }
        loop.run()
        reader.cancel()
        #expect(received == taken * line.utf8.count)
        #expect(service.log("setup")!.resumptions > 0 && service.log("setup")!.say(line))
        follower.stop()
        #expect(service.log("setup")!.isCancelled)
    }
}
