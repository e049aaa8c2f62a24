import Audit
import BuildAPI
import Foundation
import Policy
import Testing

@testable import Runner

@Suite("Claims")
struct ClaimTests {
    /// The administrator wants every machine back.
    private func kept(logout: Job.Logout = .end) -> Lifecycle {
        var job = lifecycle(logout: logout)
        _ = job.taskEnded("a", exitStatus: 1, at: start)
        return job
    }

    @Test(
        "which end of a session ends a kept builder",
        arguments: [
            (Claim.Kind.shell, Claim.Reason.logout, [], true), (.shell, .logout, [.shell], false),
            (.shell, .lost, [], false), (.shell, .done, [], false), (.exec, .done, [], false),
            (.exec, .logout, [], false), (.proxy, .logout, [], false), (.shell, .logout, [.exec], false),
            (.shell, .logout, [.proxy], false),
        ] as [(Claim.Kind, Claim.Reason, [Claim.Kind], Bool)])
    func ends(kind: Claim.Kind, reason: Claim.Reason, others: [Claim.Kind], ends: Bool) throws {
        var job = kept()
        for (number, other) in others.enumerated() { try claim(&job, "o\(number)", other) }
        try claim(&job, "s", kind)
        let effects = job.released("7-s", reason: reason, at: start + 10)
        #expect(effects.contains(.endBuilder) == ends)
        if !ends { #expect(job.record.job.builder?.keptUntil == start + 610) }
    }

    @Test("no departure ends a builder unless the administrator wants that", arguments: Claim.Kind.allCases)
    func staysByDefault(kind: Claim.Kind) throws {
        for reason in Claim.Reason.allCases {
            var job = kept(logout: .ask)
            try claim(&job, "s", kind)
            #expect(!job.released("7-s", reason: reason, at: start + 10).contains(.endBuilder))
            #expect(job.record.job.deadline == start + 610)
            #expect(job.record.job.logout == .ask && job.record.job.keep == 600)
        }
    }

    @Test("a guest's or an administrator's logout ends nothing", arguments: [false, true])
    func othersLogOut(isAdministrator: Bool) throws {
        var job = kept()
        let bob = Person(id: "2", name: "bob")
        if !isAdministrator { _ = try job.shared(with: .person(bob), by: Requester()) }
        try claim(&job, "s", .shell, by: bob, isAdministrator: isAdministrator)
        #expect(!job.released("7-s", reason: .logout, at: start + 10).contains(.endBuilder))
        #expect(job.record.job.deadline == start + 610)
    }

    @Test("of a group's job every member is an owner, and nobody else", arguments: [true, false])
    func membersLogOut(isMember: Bool) throws {
        var job = kept()
        let team = Group(name: "team")
        (job.record.job.owner, job.record.job.submitter) = (.group(team), Person(id: "1", name: "alice"))
        let bob = Person(id: "2", name: "bob")
        _ = try job.shared(with: .person(bob), by: Requester())
        try claim(&job, "s", .shell, by: bob, groups: isMember ? [team] : [])
        #expect(job.record.claims.map(\.isOwners) == [isMember])
        // Someone who has left the group meanwhile, and is still a guest, ends nothing.
        var left = job
        _ = left.renewed("7-s", as: .shared, at: start)
        #expect(!left.released("7-s", reason: .logout, at: start + 10).contains(.endBuilder))
        #expect(job.released("7-s", reason: .logout, at: start + 10).contains(.endBuilder) == isMember)
    }

    @Test("the configuration of today counts, not that of the day on which the job was stored")
    func setting() throws {
        var job = kept(logout: .end)
        try claim(&job, "s", .shell)
        var restarted = Lifecycle(
            record: job.record, times: Times(logout: .ask, keep: 600, life: 3600, lease: 60, maxLife: 7200))
        #expect(!restarted.released("7-s", reason: .logout, at: start).contains(.endBuilder))
    }

    @Test("after the last shell has logged out, the builder ends with the last of the other sessions")
    func lastOfTheOthers() throws {
        var job = kept()
        try claim(&job, "copy", .exec)
        try claim(&job, "shell", .shell)
        #expect(!job.released("7-shell", reason: .logout, at: start).contains(.endBuilder))
        #expect(job.released("7-copy", reason: .done, at: start).contains(.endBuilder))
    }

    @Test("a person who is still connected with their own client has not left")
    func ownClient() throws {
        var job = kept()
        try claim(&job, "editor", .proxy)
        try claim(&job, "shell", .shell)
        #expect(!job.released("7-shell", reason: .logout, at: start).contains(.endBuilder))
        #expect(!job.released("7-editor", reason: .done, at: start).contains(.endBuilder))
    }

    @Test("a lost connection ends no builder, even after the last logout")
    func lostAfterTheLogout() throws {
        var job = kept()
        try claim(&job, "copy", .exec)
        try claim(&job, "shell", .shell)
        _ = job.released("7-shell", reason: .logout, at: start)
        #expect(!job.released("7-copy", reason: .lost, at: start).contains(.endBuilder))
    }

    @Test("a session has one claim, of one kind and for one key")
    func anotherClaim() throws {
        var job = kept()
        try claim(&job, "s", .proxy)
        #expect(throws: RunnerError.self) { try claim(&job, "s", .shell) }
    }

    @Test("a new shell undoes that")
    func newShell() throws {
        var job = kept()
        try claim(&job, "copy", .exec)
        try claim(&job, "shell", .shell)
        _ = job.released("7-shell", reason: .logout, at: start)
        try claim(&job, "again", .shell)
        _ = job.released("7-copy", reason: .done, at: start)
        #expect(!job.released("7-again", reason: .lost, at: start).contains(.endBuilder))
    }

    @Test("no logout ends a build that is still running", arguments: Claim.Reason.allCases)
    func runningBuild(reason: Claim.Reason) throws {
        var job = lifecycle()
        try claim(&job, "s", .shell)
        #expect(!job.released("7-s", reason: reason, at: start).contains(.endBuilder))
        #expect(job.record.job.status == .running && job.record.job.builder?.state == .ready)
        _ = job.taskEnded("a", exitStatus: 1, at: start)
        #expect(job.record.job.builder?.state == .kept)
    }

    @Test("a claim made while the job runs continues when it fails")
    func standsOn() throws {
        var job = lifecycle(logout: .end)
        let claimed = try claim(&job, "s", .shell)
        _ = job.taskEnded("a", exitStatus: 1, at: start)
        #expect(job.renewed(claimed.id, at: start + 59) != nil)
        #expect(job.released(claimed.id, reason: .logout, at: start + 60).contains(.endBuilder))
    }

    @Test("a lease that runs out counts as lost: the keep-time starts again")
    func lease() throws {
        var job = kept()
        let claimed = try claim(&job, "s", .shell, at: start + 500)
        #expect(job.nextMoment == start + 560)
        #expect(job.timePassed(at: start + 559).isEmpty)
        let effects = job.timePassed(at: start + 560)
        #expect(effects.contains(.publish(.session)) && !effects.contains(.endBuilder))
        #expect(job.record.job.builder?.keptUntil == start + 1160)
        #expect(job.renewed(claimed.id, at: start + 561) == nil)
        #expect(job.timePassed(at: start + 1160).contains(.endBuilder))
    }

    @Test("heartbeats keep a claim, and a claim keeps the builder beyond its keep-time")
    func heartbeats() throws {
        var job = kept()
        let claimed = try claim(&job, "s", .shell)
        for second in stride(from: 50.0, through: 2000, by: 50) {
            #expect(job.timePassed(at: start + second).isEmpty)
            #expect(job.renewed(claimed.id, at: start + second) != nil)
        }
        #expect(job.record.job.builder != nil)
    }

    @Test(
        "an operator ends one session for good: the builder stays, and the others in it",
        arguments: Claim.Kind.allCases)
    func endedByAnOperator(kind: Claim.Kind) throws {
        var job = kept()
        try claim(&job, "s", kind)
        try claim(&job, "o", .exec)
        let effects = try job.ended(session: "s", by: "root", at: start + 10)
        #expect(effects.audited.map(\.sentence) == ["session s: root ends it", "session s: ended by root"])
        #expect(effects.audited.map(\.record.event) == [.administration, .exit])
        #expect(effects.contains(.publish(.session)))
        #expect(effects.contains(.tellPeople) && !effects.contains(.endBuilder))
        #expect(job.record.job.sessions.map(\.session) == ["o"])
        for again in [kind, .shell] {
            let error = #expect(throws: RunnerError.self) { try claim(&job, "s", again) }
            #expect(error?.code == .sessionEnded)
        }
        let error = #expect(throws: RunnerError.self) {
            try job.ended(session: "s", by: "root", at: start)
        }
        #expect(error?.code == .notFound)
        // The person comes back in another session.
        try claim(&job, "again", kind)
        _ = job.builderEnded(at: start)
        #expect(job.record.endedSessions.isEmpty)
    }

    @Test("nobody has logged out of a session that an operator ends: the keep-time starts again")
    func lastEndedByAnOperator() throws {
        var job = kept()
        try claim(&job, "s", .shell)
        let effects = try job.ended(session: "s", by: "token ops", at: start + 10)
        #expect(!effects.contains(.endBuilder) && job.record.job.builder?.keptUntil == start + 610)
    }

    @Test("the same session gets the same claim")
    func idempotence() throws {
        var job = kept()
        let first = try claim(&job, "s", .shell)
        #expect(try claim(&job, "s", .shell, at: start + 1).id == first.id)
        #expect(job.record.job.sessions.count == 1)
    }

    @Test("refusals")
    func refusals() throws {
        func code(_ job: Lifecycle, by person: String = "1") -> RunnerError.Code? {
            var job = job
            let request = ClaimRequest(
                session: "s", kind: .shell, person: .init(id: person), keyFingerprint: "f", key: "k",
                from: "x")
            do throws(RunnerError) {
                let permit = try permit(Person(id: person, name: "n"), for: job)
                _ = try job.claimed(request, by: permit, id: "7-s", at: start)
                return nil
            } catch {
                return error.code
            }
        }
        #expect(code(kept()) == nil)
        #expect(code(kept(), by: "2") == .forbidden)
        var shared = kept()
        shared.record.job.shares = [.person(Person(id: "2", name: "bob"))]
        #expect(code(shared, by: "2") == nil)
        var booting = lifecycle()
        booting.record.job.builder?.state = .booting
        #expect(code(booting) == .conflict)
        var queued = lifecycle()
        queued.record.job.builder = nil
        #expect(code(queued) == .conflict)
        var gone = kept()
        _ = gone.builderEnded(at: start)
        #expect(code(gone) == .gone)
    }

    @Test("a permit is for one job, and for entering it")
    func othersPermits() throws {
        var other = kept()
        other.record.job.id = JobID("8")!
        let alice = Person(id: "1", name: "alice")
        let principal = try Principal.identify(Account(id: "1", name: "alice"))
        let request = ClaimRequest(
            session: "s", kind: .shell, person: .init(id: "1"), keyFingerprint: "f", key: "k", from: "x")
        var job = kept()
        let look = try Permit.decide(.look, on: job.record.job.id, job.record.job, for: principal)
        for permit in [try permit(alice, for: other), look] {
            #expect(throws: RunnerError.self) {
                try job.claimed(request, by: permit, id: "7-s", at: start)
            }
        }
    }
}
