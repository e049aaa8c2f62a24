import AuthorizedKeys
import BuildAPI
import ConfigurationFile
import EventLoop
import Policy
import ServiceClient
import TestSupport
import Testing

@testable import Gateway

/// What a login would come to: decided as for a session, and nothing is done.
@Suite struct LoginRehearsalTests {
    private let service = MemoryService()

    /// - Parameter owner: whose key it is; nil: nobody's.
    private func explain(
        _ command: String?, as owner: Person? = Fixture.alice, limits: [Key.Limit]? = nil,
        unacceptedTerms: String? = nil, terminal: Bool = false
    ) -> LoginExplanation {
        let key = TestSession.key
        service.keys[key.fingerprint] = owner.map {
            Key(
                fingerprint: key.fingerprint, type: key.type, key: key.base64, comment: "", owner: $0,
                suspended: false, unacceptedTerms: unacceptedTerms, limits: limits)
        }
        return LoginRehearsal(
            .init(
                key: key, command: command, address: "192.0.2.1", account: "builds", hasTerminal: terminal),
            by: Configuration(service: .init(url: "unix:/nowhere")), asking: service,
            on: EventLoop(VirtualTime())
        ).explanation()
    }

    @Test(
        arguments: [
            (
                "connect 42", .alice, .failed, .kept, "`connect` is allowed to the job's owner",
                "claims the builder"
            ),
            ("connect --now", .alice, .running, .ready, "the job's owner", "at 127.0.0.1, port 2222"),
            ("connect 42", .alice, .running, .ready, "the job's owner", "still running"),
            ("proxy 42", .alice, .running, .booting, "`proxy` is allowed", "is booting"),
            (
                "tail 42", .bob, .failed, .kept, "`tail` is allowed to everyone, because the job is public",
                nil
            ),
            ("list", .bob, .failed, .kept, "everyone whose key is known", nil),
        ] as [(String, Comer, Job.Status, Job.Builder.State, String, String?)])
    func whoMayIsToldWhatHappensNext(
        command: String, comer: Comer, status: Job.Status, builder: Job.Builder.State, rule: String,
        next: String?
    ) {
        service.jobs[Fixture.identifier] = Fixture.job(status, builder: builder, visibility: .public)
        let told = explain(command, as: comer == .bob ? Fixture.bob : Fixture.alice)
        #expect(
            told.isLetIn && told.rule.contains(rule) && told.reads.isEmpty && told.status == nil, "\(told)")
        #expect(next.map { word in told.next.contains { $0.contains(word) } } ?? told.next.isEmpty, "\(told)")
        onlyQuestions()
    }

    enum Comer { case alice, bob, nobody }

    @Test(
        arguments: [
            ("connect 42", .nobody, .kept, 77, "does not know opens nothing", "is unknown here"),
            ("connect 42", .bob, .kept, 77, "not shared with this person", "belongs to alice, not to you"),
            ("share 42 bob", .bob, .kept, 77, "for the job's owner", "Only its owner can do that"),
            ("connect 43", .alice, .kept, 66, "knows no such job", "There is no job 43."),
            ("connect 42", .alice, nil, 69, "job 42", "Job 42 failed and its builder is gone."),
            ("connect \"42", .alice, .kept, 64, "usage", "sallyport: "),
            ("rm -rf /", .alice, .kept, 64, "usage", "sallyport: "),
        ] as [(String, Comer, Job.Builder.State?, CInt, String, String)])
    func whoMayNotReadsWhatTheyWouldRead(
        command: String, comer: Comer, builder: Job.Builder.State?, status: CInt, rule: String, reads: String
    ) {
        service.jobs[Fixture.identifier] = Fixture.job(builder: builder)
        let owner: Person? = comer == .nobody ? nil : comer == .bob ? Fixture.bob : Fixture.alice
        let told = explain(command, as: owner)
        #expect(!told.isLetIn && told.status == status && told.rule.contains(rule), "\(told)")
        #expect(told.reads.contains(reads) && !told.reads.contains("[session"), "\(told)")
        #expect(told.record.contains { $0.hasPrefix("refused status=\(status)") }, "\(told)")
        onlyQuestions()
    }

    @Test func limitedKeysAndTermsAreRulesToo() {
        service.jobs[Fixture.identifier] = Fixture.job()
        let pending = explain("list", limits: [.confirm])
        #expect(pending.status == 77 && pending.rule.contains("pending"))
        #expect(explain("keys confirm abcd-efgh", limits: [.confirm]).isLetIn)
        #expect(explain("list", limits: [.attach]).rule.contains("limited to attaching"))
        for terminal in [false, true] {
            let terms = explain("connect 42", unacceptedTerms: "3", terminal: terminal)
            #expect(terms.status == 77 && terms.rule.contains("terms of use, version 3"), "\(terms)")
            #expect(terms.next.isEmpty != terminal, "\(terms)")
        }
        onlyQuestions()
    }

    @Test func aTerminalMattersToWhoeverSpeaksSSH() {
        service.jobs[Fixture.identifier] = Fixture.job()
        #expect(explain("proxy 42").isLetIn)
        let refused = explain("proxy 42", terminal: true)
        #expect(
            !refused.isLetIn && refused.status == 64 && refused.reads.contains("Leave out -t"), "\(refused)")
    }

    /// One of several jobs has to be named, and the person reads which ones there are.
    @Test func aLongListIsReadToItsEnd() {
        for number in 1...3000 {
            var job = Fixture.job()
            job.id = JobID("\(number)")!
            service.jobs[job.id] = job
        }
        let told = explain("connect")
        #expect(told.status == 64 && told.reads.split(separator: "\n").count > 3000, "\(told.rule)")
        #expect(service.requests == ["key", "liveJobs"])
    }

    @Test func theServiceIsAwayForTheExplanationToo() {
        service.keyFailure = Fixture.serviceError(.unreachable)
        let told = explain("list")
        #expect(told.status == 75 && told.reads.contains("cannot be reached"), "\(told)")
    }

    private func onlyQuestions() {
        #expect(Set(service.requests).isSubset(of: ["key", "job", "liveJobs"]), "\(service.requests)")
    }
}
