import BuildAPI
import Foundation
import Policy
import Testing

@testable import Runner

/// A job in the middle of its life, for tests of decisions.
func lifecycle(shell: Bool = false, timeout: Int = 3600, logout: Job.Logout = .ask) -> Lifecycle {
    let job = Job(
        id: JobID("7")!, owner: Person(id: "1", name: "alice"), status: .queued, created: start,
        tasks: [.init(name: "a", status: .pending), .init(name: "b", status: .pending)], shell: shell)
    var lifecycle = Lifecycle(
        record: JobRecord(job: job, build: .init(image: "debian", shell: shell, timeout: timeout)),
        times: Times(logout: logout, keep: 600, life: 3600, lease: 60, maxLife: 7200))
    _ = lifecycle.builderStarted(address: "127.0.0.1", port: 1, user: "build", hostKeys: [], at: start)
    _ = lifecycle.builderReady(at: start)
    _ = lifecycle.taskStarted("a", at: start)
    return lifecycle
}

let start = Date(timeIntervalSince1970: 1_800_000_000)

@Suite("What happens to a job and its builder")
struct LifecycleTests {
    @Test("a failing task fails the job, skips the rest and keeps the builder")
    func failure() {
        var job = lifecycle()
        let effects = job.taskEnded("a", exitStatus: 7, shortage: .disk, at: start)
        #expect(job.record.job.status == .failed)
        #expect(job.record.job.tasks.map(\.status) == [.failed, .skipped])
        #expect(job.record.job.tasks.map(\.shortage) == [.disk, nil])
        #expect(job.record.job.builder?.state == .kept)
        #expect(job.record.job.builder?.keptUntil == start + 600)
        #expect(job.record.job.deadline == start + 600)
        #expect(effects.contains(.moveDeadline) && !effects.contains(.endBuilder))
        #expect(job.timePassed(at: start + 599).isEmpty)
        #expect(job.timePassed(at: start + 600).contains(.endBuilder))
        #expect(job.record.isOver)
    }

    @Test(
        "complete-build ends the job as a success, keeps what a success keeps, and counts only with status 0")
    func completeBuild() {
        for shell in [false, true] {
            var job = lifecycle(shell: shell)
            let effects = job.taskEnded("a", exitStatus: 0, completesBuild: true, at: start)
            #expect(job.record.job.status == .success)
            #expect(job.record.job.tasks.map(\.status) == [.success, .skipped])
            #expect(job.record.job.tasks.map(\.completeBuild) == [true, nil])
            #expect(effects.contains(.log("task a: complete-build: the job ends here, as a success")))
            #expect(effects.contains(.endBuilder) != shell)
        }
        var job = lifecycle()
        _ = job.taskEnded("a", exitStatus: 255, completesBuild: true, at: start)
        #expect(job.record.job.status == .failed && job.record.job.tasks[0].completeBuild == nil)
    }

    @Test(
        "whether the builder is kept",
        arguments: [
            (Job.Status.failed, false, false, false, true), (.failed, true, true, true, true),
            (.success, false, false, false, false), (.success, true, false, false, true),
            (.success, false, true, false, true), (.success, false, false, true, true),
            (.timeout, true, true, true, false), (.cancelled, true, true, true, false),
        ])
    func keeping(status: Job.Status, shell: Bool, isClaimed: Bool, isHeld: Bool, isKept: Bool) {
        #expect(
            Lifecycle.isKept(after: status, shell: shell, isClaimed: isClaimed, isHeld: isHeld) == isKept)
    }

    @Test("a timeout ends the builder, even if people are inside")
    func timeout() throws {
        var job = lifecycle(timeout: 50)
        _ = try claim(&job, "s", .shell)
        #expect(job.nextMoment == start + 50)
        #expect(job.timePassed(at: start + 50).contains(.endBuilder))
        #expect(job.record.job.status == .timeout)
        #expect(job.record.job.sessions.isEmpty)
    }

    @Test("a cancelled job's builder ends; cancelling again changes nothing")
    func cancellation() {
        var job = lifecycle()
        #expect(job.cancelled(at: start).contains(.endBuilder))
        #expect(job.record.job.status == .cancelled)
        #expect(job.cancelled(at: start).isEmpty)
        #expect(job.taskEnded("a", exitStatus: 0, at: start).isEmpty)
    }

    @Test("a builder that dies fails a running job and closes a kept one")
    func death() {
        var running = lifecycle()
        #expect(!running.builderEnded(at: start).contains(.endBuilder))
        #expect(running.record.job.status == .failed && running.record.isOver)
        var kept = lifecycle()
        _ = kept.taskEnded("a", exitStatus: 1, at: start)
        _ = kept.builderEnded(at: start)
        #expect(kept.record.isOver)
    }

    @Test("a builder that has never been ready is not kept")
    func bootFailure() {
        var job = lifecycle()
        job.record.job.builder?.state = .booting
        #expect(job.failed(because: "no", at: start).contains(.endBuilder))
        #expect(job.record.job.status == .failed && job.record.job.builderEnd == .init(reason: .fault))
    }

    @Test("a fault of the build service says that it was not the build", arguments: [true, false])
    func fault(isStarted: Bool) {
        var job = lifecycle()
        if !isStarted { job.record.job.builder = nil }
        let effects = job.failed(because: "no", at: start)
        #expect(effects.first == .log("no"))
        #expect(
            effects.contains(
                .log("this is a fault of the build service, not of the build: tell the administrator")))
        #expect(job.record.job.builderEnd?.reason == (isStarted ? nil : .fault))
        #expect((job.record.job.builder == nil) == !isStarted, "one that was ready is kept")
    }
}

/// A claim by the owner.
@discardableResult
func claim(
    _ job: inout Lifecycle, _ session: String, _ kind: Claim.Kind,
    by person: Person = Person(id: "1", name: "alice"), isAdministrator: Bool = false, at now: Date = start
) throws -> Claim {
    let request = ClaimRequest(
        session: session, kind: kind, person: .init(id: person.id), keyFingerprint: "f", key: "k",
        from: "192.0.2.1")
    return try job.claimed(
        request, by: permit(person, isAdministrator: isAdministrator, for: job), id: "7-\(session)", at: now
    ).claim
}

/// The permit to enter, if the policy gives one.
func permit(
    _ person: Person, isAdministrator: Bool = false, for job: Lifecycle
) throws(RunnerError) -> Permit {
    do throws(Denial) {
        let account = Account(id: person.id, name: person.name, administrator: isAdministrator)
        return try Permit.decide(
            .enter, on: job.record.job.id, job.record.job, for: try Principal.identify(account))
    } catch {
        throw RunnerError(error)
    }
}
