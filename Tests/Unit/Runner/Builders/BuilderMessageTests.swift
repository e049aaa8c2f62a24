import BuildAPI
import Foundation
import Presentation
import Provider
import Testing

@testable import Runner

@Suite("What a builder says of itself")
struct BuilderMessageTests {
    private static let entry = ["entry owner ", "entry guest "]

    private static func failed() -> Lifecycle {
        var job = lifecycle()
        job.record.job.note = "fix the parser"
        _ = job.taskEnded("a", exitStatus: 2, at: start)
        return job
    }

    private static func lines(_ job: Lifecycle, _ head: String) -> [String] {
        job.people(at: start).message.filter { $0.hasPrefix(head) }.map { String($0.dropFirst(head.count)) }
    }

    @Test("its owner is greeted as by the gateway, and a guest is offered nothing")
    func greeting() throws {
        var job = Self.failed()
        try claim(&job, "s", .proxy)
        let summary = "Job 7 (fix the parser): failed, task “a” ended with exit status 2."
        #expect(
            Self.lines(job, "entry owner ") == [
                summary, "The builder ends in {left} unless you extend it: ssh builds@gateway extend 7",
                "After the last session it stays for 10 minutes; to keep it longer: ssh builds@gateway hold 7",
            ])
        #expect(
            Self.lines(job, "entry guest ") == [
                summary, "The builder ends in {left}.", "After the last session it stays for 10 minutes.",
            ])
        #expect(Self.lines(job, "home owner ").contains("  ssh builds@gateway release 7"))
        let guest = Self.lines(job, "home guest ")
        #expect(guest.contains("  ssh -t builds@gateway connect 7"))
        #expect(!guest.contains { $0.contains("release") || $0.contains("extend") || $0.contains("hold") })
    }

    /// People's own ssh ends no builder, whatever the administrator wants.
    @Test("it says the same as people come and go, until something changes")
    func stability() throws {
        var job = lifecycle(logout: .end)
        try claim(&job, "s", .proxy)
        #expect(
            Self.lines(job, "entry owner ").contains("Its tasks have {left} left; then the builder ends."))
        _ = job.taskEnded("a", exitStatus: 2, at: start)
        let first = job.people(at: start)
        #expect(!first.message.contains { $0.contains("log out") })
        _ = job.released("7-s", reason: .done, at: start + 10)
        #expect(
            job.people(at: start + 10).message == first.message && job.people(at: start + 10).keys.isEmpty)
        try claim(&job, "s", .proxy, at: start + 20)
        #expect(job.people(at: start + 20) == first)
        _ = try job.held(by: Requester(), at: start + 30)
        #expect(!Self.lines(job, "entry owner ").contains { $0.contains("After the last session") })
    }

    @Test("for the builder it is comments before the keys")
    func lines() {
        let people = BuilderPeople(
            keys: [
                .init(line: "ssh-ed25519 AAAA", isOwner: true), .init(line: "ssh-rsa BBBB", isOwner: false),
            ],
            message: ["entry owner Hello."])
        #expect(
            people.lines(left: 60) == [
                "#left 60", "#entry owner Hello.", #"environment="SALLYPORT_ENTRY=owner" ssh-ed25519 AAAA"#,
                #"environment="SALLYPORT_ENTRY=guest" ssh-rsa BBBB"#,
            ])
        #expect(BuilderPeople(keys: []).lines(left: nil).isEmpty)
    }

    @Test("a note cannot add a line")
    func hostileNote() throws {
        var job = Self.failed()
        job.record.job.note = "x\nssh-ed25519 AAAA evil\r\n\nentry owner y"
        try claim(&job, "s", .proxy)
        for line in job.people(at: start).lines(left: 5) {
            #expect(!line.contains(where: \.isNewline) && !line.isEmpty)
        }
    }
}
