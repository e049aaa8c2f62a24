import BuildAPI
import ConfigurationFile
import Foundation
import Policy
import Provider
import Testing

@testable import Runner

/// A job in the middle of its life, for tests of decisions.
func lifecycle(shell: Bool = false, timeout: Int = 3600, logout: Job.Logout = .ask) -> Lifecycle {
    let job = Job(
        id: JobID("7")!, owner: .person(Person(id: "1", name: "alice")), status: .queued, created: start,
        tasks: [.init(name: "a", status: .pending), .init(name: "b", status: .pending)], shell: shell)
    var lifecycle = Lifecycle(
        record: JobRecord(
            job: job, build: .init(image: "debian", keep: shell ? .always : .failure, timeout: timeout)),
        times: Times(logout: logout, keep: 600, life: 3600, lease: 60, maxLife: 7200))
    _ = lifecycle.builderStarted(
        endpoint: .address("127.0.0.1", port: 1), user: "build", hostKeys: [], at: start)
    _ = lifecycle.builderReady(ReadyBuilder(isCertified: true), at: start)
    _ = lifecycle.taskStarted("a", at: start)
    return lifecycle
}

let start = Date(timeIntervalSince1970: 1_800_000_000)

@Suite("What happens to a job and its builder")
struct LifecycleTests {
    @Test("a builder's certificate is known when it is ready")
    func certificate() {
        for isCertified in [true, false] {
            var job = lifecycle()
            _ = job.builderReady(ReadyBuilder(isCertified: isCertified), at: start)
            #expect(job.record.job.builder?.certified == (isCertified ? nil : false))
        }
    }

    @Test("first host keys are noted, and said wherever somebody relies on them")
    func firstKeys() {
        let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
        var job = lifecycle()
        let effects = job.builderReady(ReadyBuilder(isCertified: false, firstKeys: [key]), at: start)
        #expect(job.record.job.builder?.hostKeys == [key] && job.record.job.builder?.firstUse == true)
        let said = effects.filter { effect in
            switch effect {
            case .log(let text), .audit(let text, _):
                text.hasPrefix("the builder is known by the host keys") && text.contains("SHA256:")
            default: false
            }
        }
        #expect(said.count == 2, "\(effects)")
    }

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
            (Job.Status.failed, .failure, false, true), (.failed, .always, true, true),
            (.failed, .never, false, false), (.failed, .never, true, true),
            (.success, .failure, false, false), (.success, .always, false, true),
            (.success, .failure, true, true), (.success, .never, false, false),
            (.success, .never, true, true),
            (.timeout, .always, true, false), (.cancelled, .always, true, false),
        ] as [(Job.Status, KeepRule, Bool, Bool)])
    func keeping(status: Job.Status, keep: KeepRule, isNeeded: Bool, isKept: Bool) {
        #expect(Lifecycle.isKept(after: status, keep: keep, isNeeded: isNeeded) == isKept)
    }

    @Test("when the owner can keep no more, the builder ends and the log says what to release")
    func noRoom() throws {
        let room = KeptRoom.full(2, named: ["5", "6"].compactMap { JobID($0) })
        let sentence = Effect.log(
            "the builder is not kept: you have 2 kept builders, which is the limit; to make room, release 6 or 5"
        )
        var failed = lifecycle()
        let effects = failed.taskEnded("a", exitStatus: 1, room: room, at: start)
        #expect(effects.contains(sentence) && effects.contains(.endBuilder))
        #expect(failed.record.job.status == .failed && failed.record.job.builderEnd == .init(reason: .limit))
        var shell = lifecycle(shell: true)
        #expect(shell.tasksEnded(room: room, at: start).contains(sentence))
        // Nothing was to be kept, so there is nothing to say.
        var success = lifecycle()
        _ = success.tasksEnded(room: room, at: start)
        #expect(success.record.job.builderEnd == .init(reason: .success))
        var never = lifecycle()
        never.record.build.keep = .never
        _ = never.taskEnded("a", exitStatus: 1, room: room, at: start)
        #expect(never.record.job.builderEnd == .init(reason: .notKept))
        // Nobody is thrown out, and what is held stays.
        var entered = lifecycle()
        try claim(&entered, "s", .shell)
        _ = entered.taskEnded("a", exitStatus: 1, room: room, at: start)
        var held = lifecycle()
        _ = try held.held(by: Requester(), at: start)
        _ = held.tasksEnded(room: room, at: start)
        #expect(entered.record.job.builder?.state == .kept && held.record.job.builder?.state == .kept)
    }

    @Test("or the oldest kept builder that nobody needs ends for it")
    func oldest() throws {
        var new = lifecycle()
        let effects = new.taskEnded(
            "a", exitStatus: 1, room: .instead(of: JobID("5")!, isNamed: true), at: start)
        #expect(new.record.job.builder?.state == .kept && effects.contains(.makeRoom(instead: JobID("5")!)))
        #expect(
            effects.contains(
                .log(
                    "to make room, the builder of job 5 ends: you have as many kept builders as one owner can have"
                )))
        var old = lifecycle()
        _ = old.taskEnded("a", exitStatus: 1, at: start)
        var entered = old
        #expect(old.displaced(at: start).contains(.endBuilder))
        #expect(old.record.job.builderEnd == .init(reason: .limit))
        try claim(&entered, "s", .shell)
        #expect(entered.displaced(at: start).isEmpty)
    }

    @Test("which kept builder makes room")
    func keptRoom() {
        func job(_ id: Int, _ visibility: Visibility = .unlisted, held: Bool = false, inside: Bool = false)
            -> Job
        {
            let alice = Person(id: "1", name: "alice")
            return Job(
                id: JobID("\(id)")!, owner: .person(alice), status: .failed, visibility: visibility,
                held: held,
                sessions: inside
                    ? [.init(session: "s", person: alice, kind: .shell, from: "::1", since: start)] : [])
        }
        let kept = [job(9), job(10, held: true), job(8, inside: true), job(11, .private)]
        func room(_ kept: [Job], _ whenFull: Configuration.Runner.KeptFull, _ limit: Int = 2) -> KeptRoom {
            KeptRoom(for: job(12), among: kept, limit: limit, whenFull: whenFull)
        }
        #expect(room(kept, .new, 5) == .free && room([], .oldest) == .free)
        #expect(room(kept, .new) == .full(4, named: ["8", "9", "10"].compactMap { JobID($0) }))
        #expect(room(kept, .oldest) == .instead(of: JobID("9")!, isNamed: true))
        #expect(room(Array(kept.dropFirst()), .oldest) == .instead(of: JobID("11")!, isNamed: false))
        #expect(
            room(Array(kept[1...2]), .oldest) == .full(2, named: ["8", "10"].compactMap { JobID($0) }))
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
    by person: Person = Person(id: "1", name: "alice"), isAdministrator: Bool = false, groups: [Group] = [],
    at now: Date = start
) throws -> Claim {
    let request = ClaimRequest(
        session: session, kind: kind, person: .init(id: person.id), keyFingerprint: "f", key: "k",
        from: "192.0.2.1")
    return try job.claimed(
        request, by: permit(person, isAdministrator: isAdministrator, groups: groups, for: job),
        id: "7-\(session)", at: now
    ).claim
}

/// The permit to enter, if the policy gives one.
func permit(
    _ person: Person, isAdministrator: Bool = false, groups: [Group] = [], for job: Lifecycle
) throws(RunnerError) -> Permit {
    do throws(Denial) {
        let account = Account(
            id: person.id, name: person.name, administrator: isAdministrator, groups: groups)
        return try Permit.decide(
            .enter, on: job.record.job.id, job.record.job, for: try Principal.identify(account))
    } catch {
        throw RunnerError(error)
    }
}
