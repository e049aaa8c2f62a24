import Audit
import BuildAPI
import Foundation
import Policy
import Testing

@testable import Runner

@Suite("How long a kept builder lives")
struct LifetimeTests {
    /// An event of a builder, that many seconds after its job has failed.
    enum Event: Sendable {
        case claim(String, Claim.Kind = .shell)
        case release(String, Claim.Reason)
        /// Until that many seconds after the failure.
        case extend(Double)
        case hold
        case unhold
    }

    struct Course: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let events: [(Double, Event)]
        /// The deadline in seconds after the failure; nil: the builder has ended.
        let deadline: Double?
        let reason: Job.BuilderEnd.Reason
        var logout = Job.Logout.ask

        init(
            _ name: String, _ events: [(Double, Event)], _ deadline: Double?, _ reason: Job.BuilderEnd.Reason,
            logout: Job.Logout = .ask
        ) {
            (testDescription, self.events, self.deadline, self.reason) = (name, events, deadline, reason)
            self.logout = logout
        }
    }

    /// keep is 600, life 3600, max_life 7200, which counts from the failure.
    static let courses: [Course] = [
        Course("nobody comes", [], 600, .kept),
        Course("someone enters", [(100, .claim("a"))], 3700, .deadline),
        Course("a command counts as well", [(100, .claim("a", .exec))], 3700, .deadline),
        Course(
            "the second to come moves nothing", [(100, .claim("a")), (200, .claim("b"))], 3700, .deadline),
        Course("the line breaks", [(100, .claim("a")), (500, .release("a", .lost))], 1100, .kept),
        Course("a command ends", [(100, .claim("a", .exec)), (500, .release("a", .done))], 1100, .kept),
        Course(
            "one of two goes",
            [(100, .claim("a")), (100, .claim("b")), (500, .release("a", .logout))], 3700, .deadline),
        Course(
            "someone comes back", [(100, .claim("a")), (500, .release("a", .lost)), (600, .claim("a"))],
            3700, .deadline),
        Course(
            "the keep-time does not outlive the deadline",
            [(100, .claim("a")), (3500, .release("a", .lost))], 3700, .deadline),
        Course(
            "the last shell logs out, and machines are wanted back",
            [(100, .claim("a")), (500, .release("a", .logout))], nil, .logout, logout: .end),
        Course("the last shell logs out", [(100, .claim("a")), (500, .release("a", .logout))], 1100, .kept),
        Course("extended before anybody came", [(100, .extend(2000))], 2000, .deadline),
        Course(
            "extended, and then someone enters", [(100, .extend(2000)), (200, .claim("a"))], 3800, .deadline),
        Course(
            "extended further than a life from the first claim", [(100, .extend(5000)), (200, .claim("a"))],
            5000, .deadline),
        Course(
            "someone enters an extended builder late", [(100, .extend(5000)), (4900, .claim("a"))], 7200,
            .deadline),
        Course(
            "extended from inside, and the connection is lost",
            [(100, .claim("a")), (200, .extend(5000)), (300, .release("a", .lost))], 5000, .deadline),
        Course(
            "extended, and the last shell logs out",
            [(100, .claim("a")), (200, .extend(5000)), (300, .release("a", .logout))], nil, .logout,
            logout: .end),
        Course("never earlier than it is", [(100, .extend(160))], 600, .deadline),
        Course("extended as far as it goes", [(100, .claim("a")), (200, .extend(7200))], 7200, .deadline),
        Course("held before anybody came", [(100, .hold)], 3700, .deadline),
        Course(
            "held, entered and left",
            [(100, .hold), (200, .claim("a")), (300, .release("a", .logout))], 3800, .deadline),
        Course(
            "held from inside", [(100, .claim("a")), (200, .hold), (300, .release("a", .logout))], 3700,
            .deadline),
        Course(
            "held, and the line breaks", [(100, .claim("a")), (200, .hold), (300, .release("a", .lost))],
            3700, .deadline),
        Course("held and let go", [(100, .hold), (400, .unhold)], 1000, .kept),
        Course(
            "no longer held after the last logout: the keep-time, and looking does not end it",
            [
                (100, .hold), (200, .claim("a")), (300, .release("a", .logout)), (400, .unhold),
                (500, .claim("b", .exec)), (600, .release("b", .done)),
            ], 1200, .kept),
        Course(
            "let go after an extension", [(100, .extend(2000)), (200, .hold), (300, .unhold)], 3800, .deadline
        ),
    ]

    @Test("the deadline, and why the builder ends", arguments: courses)
    func course(_ course: Course) throws {
        var job = lifecycle(logout: course.logout)
        _ = job.taskEnded("a", exitStatus: 1, at: start)
        for (second, event) in course.events { try Self.apply(event, to: &job, at: start + second) }
        #expect(job.record.job.deadline.map { $0.timeIntervalSince(start) } == course.deadline)
        if let deadline = job.record.job.deadline {
            #expect(try #require(job.nextMoment) <= deadline)
            _ = job.renewAll(at: deadline - 1)
            #expect(job.timePassed(at: deadline - 1).isEmpty)
            #expect(job.timePassed(at: deadline).contains(.endBuilder))
        }
        #expect(job.record.job.builderEnd == .init(reason: course.reason))
        #expect(job.record.isOver && !job.record.job.held)
    }

    private static func apply(_ event: Event, to job: inout Lifecycle, at now: Date) throws {
        switch event {
        case .claim(let session, let kind): try claim(&job, session, kind, at: now)
        case .release(let session, let reason): _ = job.released("7-\(session)", reason: reason, at: now)
        case .extend(let second): _ = try job.extended(to: start + second, by: Requester(), at: now)
        case .hold: _ = try job.held(by: Requester(), at: now)
        case .unhold: _ = try job.unheld(by: Requester(), at: now)
        }
        // People inside send heartbeats.
        _ = job.renewAll(at: now)
    }

    @Test("for a session that is inside when the tasks end, the time starts then")
    func standingClaim() throws {
        var job = lifecycle()
        let claimed = try claim(&job, "s", .shell)
        #expect(claimed.deadline == start + 3600)
        _ = job.taskEnded("a", exitStatus: 1, at: start + 1000)
        #expect(job.record.job.deadline == start + 4600)
        for second in stride(from: 1030.0, to: 4600, by: 30) {
            #expect(job.renewed(claimed.id, at: start + second) != nil)
            #expect(job.timePassed(at: start + second).isEmpty)
        }
        #expect(job.timePassed(at: start + 4600).contains(.endBuilder))
    }

    @Test("a build that is held keeps its builder, even when it succeeds")
    func heldBuild() throws {
        var job = lifecycle()
        _ = try job.held(by: Requester(), at: start)
        _ = job.tasksEnded(at: start + 100)
        #expect(job.record.job.builder?.state == .kept && job.record.job.deadline == start + 3700)
    }

    @Test("no deadline is later than max_life")
    func maximum() throws {
        var job = lifecycle()
        #expect(job.record.job.maxDeadline == nil, "it is not known before the tasks have ended")
        _ = job.taskEnded("a", exitStatus: 1, at: start + 3500)
        _ = try job.held(by: Requester(), at: start + 3900)
        #expect(job.record.job.deadline == start + 7500)
        try claim(&job, "s", .shell, at: start + 7400)
        #expect(job.record.job.deadline == start + 10_700)
        let error = #expect(throws: RunnerError.self) {
            try job.extended(to: start + 10_701, by: Requester(), at: start + 7400)
        }
        #expect(error?.code == .unprocessable(line: nil, key: nil))
        let latest = (start + 10_700).formatted(.iso8601)
        #expect(error?.description == "The builder of job 7 can stay until \(latest) at the latest.")
    }

    @Test(
        "a job that earlier versions had started has max_life from the end of its tasks, and max_timeout before"
    )
    func earlier() {
        var job = lifecycle(timeout: 7200)
        job.record.job.maxDeadline = start + 100
        var times = job.times
        times.maxTimeout = 7000
        var restarted = Lifecycle(record: job.record, times: times)
        #expect(restarted.nextMoment == start + 7000 && restarted.timePassed(at: start + 6999).isEmpty)
        _ = restarted.taskEnded("a", exitStatus: 1, at: start + 6999)
        #expect(restarted.record.job.maxDeadline == start + 6999 + 7200)
        var late = Lifecycle(record: job.record, times: times)
        #expect(
            late.timePassed(at: start + 7000).contains(.log("timeout: the tasks did not end within 7000 s")))
    }

    @Test("nothing is promised for longer than the provider leaves the builder")
    func untilTheProviderTakesItBack() throws {
        var running = lifecycle(timeout: 7200)
        running.record.until = start + 50
        #expect(running.nextMoment == start + 50)
        #expect(
            running.timePassed(at: start + 50).contains(
                .log("timeout: the tasks did not end while there was a builder")))
        var kept = lifecycle(timeout: 7200)
        kept.record.until = start + 500
        _ = kept.taskEnded("a", exitStatus: 1, at: start + 10)
        #expect(kept.record.job.maxDeadline == start + 500 && kept.record.job.deadline == start + 500)
        #expect(throws: RunnerError.self) {
            try kept.extended(to: start + 502, by: Requester(), at: start + 20)
        }
        #expect(kept.extendedByProvider(until: start + 900) == [.publish(.deadline)])
        _ = try kept.extended(to: start + 800, by: Requester(), at: start + 20)
        #expect(kept.record.job.deadline == start + 800 && kept.record.job.maxDeadline == start + 900)
        // Nor more than max_life, whatever the provider says.
        _ = kept.extendedByProvider(until: nil)
        #expect(kept.record.job.maxDeadline == start + 10 + 7200)
    }

    @Test("why builders end that are not kept")
    func otherReasons() throws {
        func end(_ change: (inout Lifecycle) throws -> Void) rethrows -> Job.BuilderEnd? {
            var job = lifecycle(timeout: 50)
            try change(&job)
            return job.record.job.builderEnd
        }
        let bob = Requester(principal: try Principal.identify(Account(id: "2", name: "bob")))
        #expect(end { _ = $0.tasksEnded(at: start) } == .init(reason: .success))
        #expect(end { _ = $0.timePassed(at: start + 50) } == .init(reason: .timeout))
        #expect(end { _ = $0.builderEnded(at: start) } == .init(reason: .lost))
        #expect(end { _ = $0.cancelled(by: bob, at: start) } == .init(reason: .cancelled, by: bob.person))
        #expect(
            try end { _ = try $0.builderReleased(by: bob, at: start) }
                == .init(reason: .released, by: bob.person))
    }

    @Test("a machine that has ended itself soon after its deadline was not lost")
    func lateRunner() {
        for (second, reason) in [(599.0, Job.BuilderEnd.Reason.lost), (630, .kept)] {
            var job = lifecycle()
            _ = job.taskEnded("a", exitStatus: 1, at: start)
            _ = job.builderEnded(at: start + second)
            #expect(job.record.job.builderEnd == .init(reason: reason))
        }
    }

    @Test("a request that comes at the wrong time says so")
    func wrongTime() throws {
        func code(_ change: (inout Lifecycle) throws -> [Effect], _ job: Lifecycle) -> RunnerError.Code? {
            var job = job
            do {
                _ = try change(&job)
                return nil
            } catch { return (error as? RunnerError)?.code }
        }
        let running = lifecycle()
        var over = lifecycle()
        _ = over.cancelled(at: start)
        let nobody = Requester()
        let extend: (inout Lifecycle) throws -> [Effect] = {
            try $0.extended(to: start, by: nobody, at: start)
        }
        #expect(code(extend, running) == .conflict && code(extend, over) == .gone)
        #expect(code({ try $0.held(by: nobody, at: start) }, over) == .gone)
        #expect(code({ try $0.unheld(by: nobody, at: start) }, over) == .gone)
        #expect(code({ try $0.builderReleased(by: nobody, at: start) }, over) == .gone)
        #expect(code({ try $0.unheld(by: nobody, at: start) }, running) == nil)
    }

    @Test("releasing the builder of a running build cancels it")
    func releasedBuild() throws {
        var job = lifecycle()
        #expect(try job.builderReleased(by: Requester(), at: start).contains(.endBuilder))
        #expect(job.record.job.status == .cancelled && job.record.isOver)
    }

    @Test("the audit names the person, and marks an administrator")
    func audit() throws {
        let bob = Person(id: "2", name: "bob")
        let alice = Person(id: "1", name: "alice")
        var job = lifecycle()
        func administrator(_ person: Person) throws -> Requester {
            let account = Account(id: person.id, name: person.name, administrator: true)
            return Requester(principal: try Principal.identify(account))
        }
        for (requester, record) in [
            (try administrator(bob), "held by bob (administrator)"),
            (try administrator(alice), "held by alice"), (Requester(), "held"),
        ] {
            job.record.job.held = false
            #expect(try job.held(by: requester, at: start).audited.map(\.sentence) == [record])
        }
        let request = ClaimRequest(
            session: "s", kind: .shell, person: .init(id: "2"), keyFingerprint: "f", key: "k", from: "x")
        let effects = try job.claimed(
            request, by: permit(bob, isAdministrator: true, for: job), id: "7-s", at: start
        ).effects
        #expect(effects.audited.map(\.sentence) == ["session s: bob from x, shell, administrator"])
        #expect(effects.audited[0].record[.role] == "administrator")
    }
}
