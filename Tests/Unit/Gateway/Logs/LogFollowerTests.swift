import BuildAPI
import CLinux
import EventLoop
import Glibc
import Policy
import ServiceClient
import Testing

@testable import Gateway
@testable import ShownLogs

/// In which order the logs of a job come, and when they have come to their end.
@Suite final class LogFollowerTests {
    private let service = MemoryService()
    private let loop = EventLoop()
    private let sink: OutputSink
    private let ends: (read: CInt, write: CInt)
    private var result: Result<Void, ServiceError>?

    init() throws {
        var ends: [CInt] = [0, 0]
        try #require(sp_pipe(&ends) == 0)
        self.ends = (ends[0], ends[1])
        sink = OutputSink(ends[1], on: loop)
    }

    deinit {
        close(ends.read)
        close(ends.write)
    }

    private func permit(_ job: Job) throws -> Permit {
        try Permit.decide(.look, on: job.id, job, for: try Fixture.known(Fixture.alice))
    }

    private func follow(_ job: Job, from starts: LogStarts = LogStarts()) throws -> LogFollower {
        LogFollower(try permit(job), of: service, to: sink, raw: false, from: starts) {
            [unowned self] in result = $0
        }
    }

    private func starts(of count: Int, _ job: Job) throws -> LogStarts {
        var found: Result<LogStarts, ServiceError>?
        let search = LastLinesSearch(count, try permit(job), of: service) { found = $0 }
        search.start()
        return try #require(try found?.get())
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
        #expect(service.logs.map(\.name) == [LogName.job])
        service.log(LogName.job)?.say("booting\n")
        follower.update(job(.running, [("build", .running), ("check", .pending)]))
        #expect(service.logs.map(\.name) == [LogName.job, "build"])
        service.log("build")?.say("one\n")
        // The next has begun, and the reader is not at the end of the first yet.
        follower.update(job(.running, [("build", .success), ("check", .running)]))
        #expect(service.logs.count == 2)
        service.log("build")?.say("two\n")
        service.log("build")?.end()
        #expect(service.logs.map(\.name) == [LogName.job, "build", "check"])
        service.log("check")?.say("three")
        service.log(LogName.job)?.say("task check: exit 1\n")
        follower.update(job(.failed, [("build", .success), ("check", .failed)]))
        service.log("check")?.end()
        #expect(result == nil, "the job's own log goes on")
        service.log(LogName.job)?.end()
        #expect((try? result?.get()) != nil)
        #expect(shown() == "booting\n[build] one\n[build] two\n[check] three\ntask check: exit 1\n")
    }

    @Test func anEndedJobsOwnLogComesFirstButForItsLastWord() throws {
        let follower = try follow(job(.failed, []))
        follower.update(job(.failed, [("build", .failed), ("check", .skipped)]))
        #expect(service.logs.map(\.name) == [LogName.job])
        // In any pieces, and with or without the newline at its end.
        for piece in ["queued\nboo", "ting\n", "failed", "\n", "kept until", " then"] {
            service.log(LogName.job)?.say(piece)
        }
        #expect(shown() == "queued\nbooting\nfailed\n")
        service.log(LogName.job)?.end()
        #expect(service.logs.map(\.name) == [LogName.job, "build"], "a task that was skipped has no log")
        service.log("build")?.say("exit 3\n")
        service.log("build")?.end()
        #expect((try? result?.get()) != nil)
        #expect(shown() == "[build] exit 3\nkept until then\n")
    }

    @Test func aLineThatIsTooLongForALastWordIsShownAtOnce() throws {
        let follower = try follow(job(.failed, []))
        let line = String(repeating: "x", count: 70_000)
        service.log(LogName.job)?.say(line)
        var taken = 0
        while case let text = shown(), !text.isEmpty { taken += text.utf8.count }
        #expect(taken > 60_000)
        follower.stop()
    }

    /// They are counted over all logs, in the order in which these are shown.
    @Test func theLastLinesAreThoseOfAllLogs() throws {
        service.texts = [LogName.job: "s1\ns2\n", "build": "b1\nb2\n", "check": "c1\nc2"]
        let failed = job(.failed, [("build", .success), ("check", .failed), ("last", .skipped)])
        #expect(
            try starts(of: 1, failed) == LogStarts(offsets: [LogName.job: 3], skipped: ["build", "check"]))
        #expect(
            try starts(of: 2, failed) == LogStarts(offsets: ["check": 3, LogName.job: 3], skipped: ["build"]))
        #expect(try starts(of: 5, failed) == LogStarts(offsets: ["check": 0, "build": 0, LogName.job: 3]))
        #expect(try starts(of: 6, failed) == LogStarts(offsets: ["check": 0, "build": 0, LogName.job: 0]))
        #expect(try starts(of: 9, failed) == LogStarts(offsets: ["check": 0, "build": 0, LogName.job: 0]))
        #expect(try starts(of: 0, failed) == LogStarts(skipped: ["check", "build", LogName.job]))
        // What goes on is followed from its end.
        let running = job(.running, [("build", .success), ("check", .running), ("last", .pending)])
        #expect(
            try starts(of: 0, running)
                == LogStarts(offsets: ["check": 5, LogName.job: 6], skipped: ["build"]))
        #expect(
            try starts(of: 2, running)
                == LogStarts(offsets: ["check": 0, LogName.job: 6], skipped: ["build"]))
    }

    @Test func theLastLinesComeAndThenWhatFollows() throws {
        service.texts = [LogName.job: "s1\n", "build": "b1\nb2\n"]
        let running = job(.running, [("build", .running), ("check", .pending)])
        let follower = try follow(running, from: try starts(of: 1, running))
        follower.update(running)
        #expect(service.logs.map(\.name) == [LogName.job, "build"] && service.logs.map(\.offset) == [3, 3])
        service.log("build")?.end()
        let ended = job(.failed, [("build", .success), ("check", .failed)])
        follower.update(ended)
        service.log(LogName.job)?.end()
        #expect(service.log("check")?.offset == 0)
        service.log("check")?.end()
        #expect((try? result?.get()) != nil)
    }

    @Test func ofAnEndedJobNothingIsOpenedButWhatIsShown() throws {
        service.texts = [LogName.job: "s1\n", "build": "b1\n", "check": "c1\nc2\n"]
        let ended = job(.failed, [("build", .success), ("check", .failed)])
        for (count, opened) in [(2, [LogName.job, "check"]), (1, [LogName.job]), (0, [])] {
            let before = service.logs.count
            result = nil
            let follower = try follow(ended, from: try starts(of: count, ended))
            follower.update(ended)
            if count > 0 { service.log(LogName.job)?.end() }
            if count > 1 { service.log("check")?.end() }
            #expect(
                service.logs.dropFirst(before).map(\.name) == opened && (try? result?.get()) != nil,
                "\(count)")
        }
    }

    @Test(arguments: [.noSuchLog, .notOffered] as [ServiceError.Code])
    func aLogThatIsNotThereHasEnded(code: ServiceError.Code) throws {
        let follower = try follow(job(.failed, [("build", .failed)]))
        follower.update(job(.failed, [("build", .failed)]))
        service.log(LogName.job)?.end(.failure(Fixture.serviceError(code)))
        service.log("build")?.end(.failure(Fixture.serviceError(code)))
        #expect((try? result?.get()) != nil && shown().isEmpty && !follower.hasFoundLog)
    }

    @Test func aMessageAndTheEndBeginALine() throws {
        let session = TestSession(on: loop)
        let follower = LogFollower(
            try permit(job(.running, [("build", .running)])), of: service, to: session.context.errors,
            raw: false
        ) { _ in }
        session.context.client.onMessage = { follower.breakLine() }
        follower.update(job(.running, [("build", .running)]))
        service.log("build")?.say("\u{1b}[8mhalf")
        session.context.say("It is later.")
        service.log("build")?.say("\u{8}\u{8}\u{8}\u{8}\u{8}a line")
        follower.stop()
        session.context.say("The end.")
        #expect(
            session.said.errors
                == "[build] \u{1b}[8mhalf\u{1b}[0m\nsallyport: It is later.\n[build] a line\nsallyport: The end.\n"
        )
    }

    @Test func anEmptyLogIsALog() throws {
        let follower = try follow(job(.failed, []))
        follower.update(job(.failed, []))
        service.log(LogName.job)?.end()
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
        service.log(LogName.job)?.say("late\n")
        #expect(shown().isEmpty, "nothing comes after the end")
    }

    @Test func whileNobodyReadsNothingMoreIsTaken() throws {
        let follower = try follow(job(.running, []))
        let line = String(repeating: "x", count: 100_000) + "\n"
        var taken = 0
        while service.log(LogName.job)?.say(line) == true { taken += 1 }
        #expect((3...10).contains(taken))
        var received = 0
        loop.timer(after: .seconds(10)) { [loop] in loop.stop() }
        let reader = loop.watch(ends.read, for: .readable) { [unowned self] _ in
            received += shown().utf8.count
            if received == taken * line.utf8.count, service.log(LogName.job)!.resumptions > 0 { loop.stop() }
        }
        loop.run()
        reader.cancel()
        #expect(received == taken * line.utf8.count)
        #expect(service.log(LogName.job)!.resumptions > 0 && service.log(LogName.job)!.say(line))
        follower.stop()
        #expect(service.log(LogName.job)!.isCancelled)
    }
}
