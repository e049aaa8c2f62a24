import BuildAPI
import Foundation
import Policy
import Presentation
import Testing

@testable import Runner

/// The mark of a job that somebody has entered before its tasks had ended.
@Suite("Who has entered before the end")
struct EarlyEntryTests {
    private let alice = Person(id: "1", name: "alice")
    private let bob = Person(id: "2", name: "bob")

    @Test("every door marks, by everyone whom it lets in", arguments: Claim.Kind.allCases)
    func doors(kind: Claim.Kind) throws {
        var own = lifecycle()
        try claim(&own, "s", kind)
        #expect(own.record.job.entered == [.init(person: alice, role: .owner, kind: kind, since: start)])
        var administrators = lifecycle()
        try claim(&administrators, "s", kind, by: bob, isAdministrator: true)
        #expect(administrators.record.job.entered?.map(\.role) == [.administrator])
        var shared = lifecycle()
        _ = try shared.shared(with: .person(bob), by: Requester())
        try claim(&shared, "s", kind, by: bob)
        #expect(shared.record.job.entered?.map(\.role) == [.shared])
    }

    @Test(
        "the mark stays when they leave, and who enters after the end adds nothing",
        arguments: Claim.Reason.allCases)
    func stays(reason: Claim.Reason) throws {
        var job = lifecycle()
        try claim(&job, "s", .shell)
        _ = job.released("7-s", reason: reason, at: start + 1)
        _ = job.taskEnded("a", exitStatus: 1, at: start + 2)
        try claim(&job, "t", .exec, by: bob, isAdministrator: true)
        #expect(job.record.job.entered?.map(\.person) == [alice])
        var late = lifecycle()
        _ = late.taskEnded("a", exitStatus: 1, at: start)
        try claim(&late, "s", .shell)
        #expect(late.record.job.entered == nil)
    }

    @Test("while artifacts are taken, the tasks have not ended for those who enter")
    func whileTaking() throws {
        var job = lifecycle()
        job.record.job.artifacts = .init()
        _ = job.artifactsBegun(at: start)
        try claim(&job, "s", .exec)
        _ = job.artifactsTaken(TakenArtifacts(count: 1, size: 1, remarks: []))
        _ = job.tasksEnded(at: start)
        #expect(job.record.job.entered?.count == 1 && job.record.job.withholdsArtifacts)
    }

    @Test("a person counts once for each door, and only so many are listed")
    func bounded() throws {
        var job = lifecycle()
        for number in 0..<3 { try claim(&job, "s\(number)", .exec) }
        try claim(&job, "p", .proxy)
        #expect(job.record.job.entered?.map(\.kind) == [.exec, .proxy])
        for number in 10..<60 {
            try claim(
                &job, "o\(number)", .shell, by: Person(id: "\(number)", name: "p\(number)"),
                isAdministrator: true)
        }
        #expect(job.record.job.entered?.count == Job.mostEarlyEntries)
        #expect(job.record.job.entered?.first?.person == alice)
    }

    @Test("the sentence says who came in, when and by which door; strangers do not learn who")
    func sentence() throws {
        var job = lifecycle()
        job.record.job.artifacts = .init(count: 1, size: 1)
        #expect(EarlyEntries(job.record.job).withholding == nil)
        try claim(&job, "s", .proxy, by: bob, isAdministrator: true)
        let moment = TimeLeft.moment(start)
        #expect(
            EarlyEntries(job.record.job).withholding
                == "withheld: bob (administrator) came in at \(moment) by their own ssh (proxy), before the tasks had ended"
        )
        let hidden = EarlyEntries(job.record.job, namesPeople: false)
        #expect(hidden.withholding?.hasPrefix("withheld: somebody came in at ") == true)
        #expect(hidden.lines == ["somebody, \(moment), by their own ssh (proxy)"])
        try claim(&job, "t", .shell)
        #expect(EarlyEntries(job.record.job).withholding?.hasSuffix(", and one more entry") == true)
        job.record.job.artifacts?.evenIfEntered = true
        #expect(EarlyEntries(job.record.job).withholding == nil)
    }

    @Test("taking artifacts has a time of its own, and the timeout of the tasks does not end it")
    func timeout() throws {
        var job = lifecycle()
        job.record.job.artifacts = .init()
        let end = try #require(job.timeout)
        #expect(job.artifactsBegun(at: end - 1).contains(.moveDeadline))
        #expect(job.timePassed(at: end + 1).isEmpty && !job.record.job.status.isFinal)
        _ = job.timePassed(at: end + Lifecycle.timeForArtifacts)
        #expect(job.record.job.status == .timeout && job.record.artifactsUntil == nil)
    }
}
