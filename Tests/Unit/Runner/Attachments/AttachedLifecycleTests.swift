import BuildAPI
import Foundation
import Testing

@testable import Runner

/// The job of a machine that has just attached itself; its command runs.
func attachedMachine(until: Date? = nil, wait: Int? = nil, idle: Int? = nil) throws -> Lifecycle {
    let new = NewAttachment(
        key: TestService.aliceKey, from: "192.0.2.7", endpoint: "unix:/run/a.sock", user: "root",
        hostKeys: [TestService.bobKey], running: true, until: until, wait: wait, idle: idle)
    let attacher = try Attacher(
        Account(id: "1", name: "alice"), fingerprint: TestService.aliceFingerprint, for: nil, named: nil,
        hasMembers: false)
    let times = Times(logout: .ask, keep: 600, life: 3600, lease: 60, maxLife: 7200, maxTimeout: 1800)
    let record = JobRecord(
        of: try NewMachine(new), id: JobID("7")!, for: attacher, secret: AttachmentSecret(), until: until,
        times: times, at: start)
    var lifecycle = Lifecycle(record: record, times: times)
    _ = lifecycle.attached()
    return lifecycle
}

@Suite("What happens to the job of an attached machine")
struct AttachedLifecycleTests {
    private func enter(_ job: inout Lifecycle, at moment: Date = start, kind: Claim.Kind = .shell) throws {
        let request = ClaimRequest(
            session: "s", kind: kind, person: .init(id: "1"), keyFingerprint: "f", key: "k", from: "192.0.2.1"
        )
        let alice = Person(id: "1", name: "alice")
        let claim = try job.claimed(request, by: permit(alice, for: job), id: "7-s", at: moment).claim
        #expect(claim.keyAdmitted == true)
    }

    private func beat(_ job: inout Lifecycle, at moment: Date) { _ = job.machineRenewed(at: moment) }

    @Test(
        "a success ends the builder at once, unless somebody is inside; then it ends when the last one leaves"
    )
    func success() throws {
        var job = try attachedMachine()
        #expect(job.commandEnded(exitStatus: 0, at: start).contains(.endBuilder))
        #expect(job.record.job.status == .success && job.record.job.builderEnd?.reason == .success)
        #expect(job.record.job.tasks.map(\.exitStatus) == [0])

        for reason in [Claim.Reason.logout, .done] {
            job = try attachedMachine()
            try enter(&job)
            #expect(!job.commandEnded(exitStatus: 0, at: start).contains(.endBuilder))
            #expect(job.record.job.builder?.state == .kept)
            #expect(job.released("7-s", reason: reason, at: start + 9).contains(.endBuilder))
            #expect(job.record.job.builderEnd?.reason == .success)
        }
        // Their connection was lost: they have not left.
        job = try attachedMachine(idle: 100)
        try enter(&job)
        _ = job.commandEnded(exitStatus: 0, at: start)
        #expect(!job.released("7-s", reason: .lost, at: start + 9).contains(.endBuilder))
        beat(&job, at: start + 50)
        #expect(job.timePassed(at: start + 108).isEmpty)
        #expect(job.timePassed(at: start + 109).contains(.endBuilder))
    }

    @Test("a hold keeps a success until its deadline, or until nobody holds it any more")
    func heldSuccess() throws {
        var job = try attachedMachine()
        _ = try job.held(by: Requester(), at: start)
        #expect(!job.commandEnded(exitStatus: 0, at: start).contains(.endBuilder))
        #expect(job.record.job.deadline == start + 3600)
        #expect(try job.unheld(by: Requester(), at: start + 10).contains(.endBuilder))
    }

    @Test(
        "a failure is kept for the wait before somebody enters, and for the idle time after the last one",
        arguments: [(nil, nil, 600, 600), (120, 900, 120, 900), (99_999, 1, 7200, 1)]
            as [(Int?, Int?, Int, Int)])
    func keepTimes(wait: Int?, idle: Int?, first: Int, later: Int) throws {
        var job = try attachedMachine(wait: wait, idle: idle)
        _ = job.commandEnded(exitStatus: 2, at: start)
        #expect(job.record.job.status == .failed && job.record.job.builder?.state == .kept)
        #expect(job.record.job.deadline == start + Double(first) && job.record.job.keep == first)
        try enter(&job, at: start + 10)
        _ = job.released("7-s", reason: .done, at: start + 20)
        #expect(job.record.job.builder?.keptUntil == start + 20 + Double(later))
    }

    @Test("a command that failed before the machine came has no exit status if nobody knows it")
    func failedBefore() throws {
        for status in [nil, 1, 255] as [Int?] {
            var job = try attachedMachine()
            _ = job.commandEnded(exitStatus: status, at: start)
            #expect(job.record.job.tasks.map(\.status) == [.failed] && job.record.job.status == .failed)
            #expect(job.record.job.tasks[0].exitStatus == status && job.record.job.builder?.state == .kept)
            // It ends only once.
            #expect(job.commandEnded(exitStatus: 0, at: start).isEmpty)
        }
    }

    @Test("the CI's end bounds the tasks, every promise and every extension")
    func until() throws {
        var job = try attachedMachine(until: start + 300)
        #expect(job.record.job.deadline == start + 300)
        _ = job.commandEnded(exitStatus: 1, at: start + 100)
        #expect(job.record.job.maxDeadline == start + 300 && job.record.job.deadline == start + 300)
        #expect(throws: RunnerError.self) {
            try job.extended(to: start + 400, by: Requester(), at: start + 100)
        }
        try enter(&job, at: start + 101)
        #expect(job.record.lifetime?.end == start + 300)
        beat(&job, at: start + 290)
        #expect(job.timePassed(at: start + 300).contains(.endBuilder))
        #expect(job.record.job.builderEnd?.reason == .deadline)

        job = try attachedMachine(until: start + 50)
        #expect(job.timePassed(at: start + 50).contains(.endBuilder))
        #expect(job.record.job.status == .timeout)
    }

    @Test("without heartbeats the machine is away, then lost; who is inside stays, and nobody comes in")
    func awayAndLost() throws {
        for isRunning in [true, false] {
            var job = try attachedMachine(idle: 7000)
            if !isRunning { _ = job.commandEnded(exitStatus: 1, at: start) }
            try enter(&job)
            job.record.claims[0].expires = start + 7000
            #expect(job.timePassed(at: start + 59).isEmpty)
            #expect(job.timePassed(at: start + 60).contains(.publish(.builder)))
            #expect(job.record.job.attached?.away == true && job.record.claims.count == 1)
            job.record.job.shares = [.person(Person(id: "2", name: "bob"))]
            let request = ClaimRequest(
                session: "t", kind: .exec, person: .init(id: "2"), keyFingerprint: "f", key: "k",
                from: "192.0.2.1")
            let error = #expect(throws: RunnerError.self) {
                let bob = Person(id: "2", name: "bob")
                _ = try job.claimed(request, by: permit(bob, for: job), id: "7-t", at: start + 61)
            }
            #expect(error?.code == .unreachable && error?.description.contains("at the moment") == true)
            // The session that is there gets its claim again.
            try enter(&job, at: start + 61)
            job.record.claims[0].expires = start + 7000
            #expect(job.timePassed(at: start + 359).isEmpty)
            #expect(job.timePassed(at: start + 360).contains(.endBuilder))
            #expect(job.record.job.builderEnd?.reason == .lost && job.record.job.status == .failed)
        }
    }

    @Test("a machine that was away comes back with a heartbeat, or through another connection")
    func back() throws {
        var job = try attachedMachine()
        _ = job.timePassed(at: start + 60)
        #expect(job.machineRenewed(at: start + 70).contains(.publish(.builder)))
        #expect(job.record.job.attached?.away == nil && job.nextMoment == start + 130)
        #expect(job.machineRenewed(at: start + 80).isEmpty)

        #expect(job.machineWentAway(at: start + 90).contains(.publish(.builder)))
        #expect(job.record.attachment?.id == nil && job.nextMoment == start + 390)
        let secret = AttachmentSecret()
        _ = job.machineResumed(
            as: "new", secret: secret.hash, endpoint: .socket(path: "/b"), from: "192.0.2.8", at: start + 100)
        #expect(job.record.attachment?.id == "new" && job.record.job.attached?.away == nil)
        #expect(job.record.job.attached?.from == "192.0.2.8")
        #expect(job.record.job.builder?.endpoint == .socket(path: "/b"))
        #expect(job.record.attachment?.secret.isOf(secret.word) == true)
    }

    @Test("after a restart the lease, and the time for coming back, begin anew")
    func restart() throws {
        for isAway in [false, true] {
            var job = try attachedMachine()
            if isAway { _ = job.machineWentAway(at: start) }
            var next = Lifecycle(record: try StoredJob(job.record).record(), times: job.times)
            _ = next.renewAll(at: start + 1000)
            #expect(next.attachmentMoment == start + 1000 + (isAway ? 300 : 60))
        }
    }

    @Test(
        "a machine that leaves ends its job now, whether its command has ended or not",
        arguments: [(false, Job.BuilderEnd.Reason.left), (true, .cancelled)])
    func leaves(isCancelled: Bool, reason: Job.BuilderEnd.Reason) throws {
        for isRunning in [true, false] {
            var job = try attachedMachine()
            if !isRunning { _ = job.commandEnded(exitStatus: 1, at: start) }
            #expect(job.machineLeft(isCancelled: isCancelled, at: start + 1).contains(.endBuilder))
            #expect(job.record.isOver && job.record.job.builderEnd?.reason == reason)
            #expect(job.record.job.status == (isRunning ? .cancelled : .failed))
            // There is nothing that could end twice.
            #expect(!job.machineLeft(isCancelled: isCancelled, at: start + 2).contains(.endBuilder))
        }
    }

    @Test("a secret has 40 letters and digits, and only it has its hash")
    func secret() {
        let (one, other) = (AttachmentSecret(), AttachmentSecret())
        #expect(one.word.utf8.count == 40 && one.word.utf8.allSatisfy { $0.isLetterOrDigit })
        #expect(one.hash.isOf(one.word) && !one.hash.isOf(other.word))
        #expect(!one.hash.isOf("") && !one.hash.isOf(one.word + "x"))
        #expect(!AttachmentSecret.Hash(bytes: []).isOf(one.word))
        let ids = (0..<50).map { _ in MachineAttachment.newID() }
        #expect(Set(ids).count == 50 && ids.allSatisfy { $0.utf8.count == 32 })
    }
}
