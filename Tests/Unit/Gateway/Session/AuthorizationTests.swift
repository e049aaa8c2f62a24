import AuthorizedKeys
import BuildAPI
import EventLoop
import Policy
import ServiceClient
import TestSupport
import Testing

@testable import Gateway

/// From a key and the words of a person to what they may do, or to why not: without sshd and without a service.
@Suite final class AuthorizationTests {
    private let loop = EventLoop(VirtualTime())

    private struct Outcome {
        var admitted: Permit?
        var welcomed: Principal?
        var confirms = false
        var pairs: Denial?
        var comer: Authorization.Comer?
        var status: ExitStatus?
        var errors = ""
        var records: [String] = []
        var requests: [String] = []
    }

    /// - Parameter owner: whose key it is; nil: nobody's.
    private func arrive(
        _ command: String?, as owner: Person? = Fixture.alice, suspended: Bool = false,
        limits: [Key.Limit]? = nil, jobs: [Job] = [], next: String? = nil, machines: MemoryAttachments? = nil,
        waiting: MemoryPairings? = nil
    ) -> Outcome {
        let test = TestSession(on: loop, command: command)
        test.service.machines = machines
        test.service.waiting = waiting
        let key = TestSession.key
        if let owner {
            test.service.keys[key.fingerprint] = Key(
                fingerprint: key.fingerprint, type: key.type, key: key.base64, comment: "", owner: owner,
                suspended: suspended, limits: limits)
        }
        for job in jobs { test.service.jobs[job.id] = job }
        test.service.nextPage = next
        var outcome = Outcome()
        func admit(_ comer: Authorization.Comer) { outcome.comer = comer }
        let authorization = Authorization(in: test.context, admit: admit) { command in
            switch command {
            case .job(_, let permit): outcome.admitted = permit
            case .personal(_, let principal): outcome.welcomed = principal
            case .confirmation: outcome.confirms = true
            case .pairing(_, let denial): outcome.pairs = denial
            }
            test.context.finish(.success)
        }
        authorization.start()
        outcome.status = withExtendedLifetime(authorization) { test.context.client.run() }
        outcome.errors = test.said.errors
        outcome.records = test.records
        outcome.requests = test.service.requests
        return outcome
    }

    @Test func bothQuestionsAreAskedAtOnceAndThePersonIsLetIn() {
        let outcome = arrive("tail 42", jobs: [Fixture.job()])
        #expect(outcome.admitted?.action == .look && outcome.admitted?.standing == .owner)
        #expect(outcome.requests == ["key", "job"] && outcome.status == .success)
    }

    @Test func anUnknownKeyIsToldItsFingerprintAndNothingElse() {
        for command in ["tail 42", "list", "nonsense", nil] {
            let outcome = arrive(command, as: nil, jobs: [Fixture.job()])
            #expect(outcome.status == .notPermitted && outcome.admitted == nil && outcome.welcomed == nil)
            #expect(outcome.errors.contains(TestSession.key.fingerprint))
            // The session's id is random, and can hold a 42 by itself.
            let sentence = outcome.errors.prefix { $0 != "[" }
            #expect(sentence.contains("is unknown here"))
            #expect(!outcome.errors.contains("alice") && !sentence.contains("42"))
            #expect(outcome.records.contains { $0.contains("unknown key") })
        }
    }

    @Test func aSuspendedPersonGetsNowhere() {
        for command in ["connect 42", "whoami"] {
            let outcome = arrive(command, suspended: true, jobs: [Fixture.job()])
            #expect(outcome.status == .notPermitted && outcome.errors.contains("suspended"))
        }
    }

    /// Whose it is, or is going to be, is not said: the person for whom it is pending has proved nothing.
    @Test func aPendingKeyCanOnlyBeConfirmed() {
        for command in [
            "tail 42", "connect", "list", "keys", "keys add", "keys remove SHA256:a", "keys confirm",
            "nonsense",
            "scp -t .", nil,
        ] {
            let outcome = arrive(command, limits: [.confirm], jobs: [Fixture.job()])
            #expect(outcome.status == .notPermitted && outcome.admitted == nil && outcome.welcomed == nil)
            #expect(!outcome.confirms && outcome.errors.contains("keys confirm WORD"), "\(outcome.errors)")
            #expect(!outcome.errors.contains("alice"))
        }
        for command in ["keys confirm abcd-efgh", "keys confirm abcd-efgh --json"] {
            let outcome = arrive(command, suspended: true, limits: [.confirm])
            #expect(outcome.confirms && outcome.welcomed == nil)
        }
        #expect(arrive("keys confirm abcd-efgh").welcomed != nil)
    }

    /// A command with that verb that is understood.
    private static func command(_ verb: String) -> String {
        let words = [
            "attach-stream": " 0123456789abcdef0123456789abcdef", "keys": " add", "share": " 42 bob",
            "unshare": " 42 bob", "adopt": " K7M-2QX",
        ]
        let isAbout = Verbs.named(verb)?.action != nil || verb == "attach-log"
        return verb + (words[verb] ?? (isAbout ? " 42" : ""))
    }

    /// Nobody's key, and one that everybody has: each of the verbs.
    @Test(arguments: Verbs.all.map(\.manual.name), [nil, [Key.Limit.pair]])
    func aKeyThatPairsOpensNothingElse(verb: String, limits: [Key.Limit]?) {
        func come(suspended: Bool = false, offered: Bool = true, _ limits: [Key.Limit]?) -> Outcome {
            arrive(
                Self.command(verb), as: limits == nil ? nil : Fixture.alice, suspended: suspended,
                limits: limits, jobs: [Fixture.job()], machines: MemoryAttachments(),
                waiting: offered ? MemoryPairings() : nil)
        }
        let fingerprint = TestSession.key.fingerprint
        let denial =
            limits == nil
            ? Denial.unknownKey(fingerprint: fingerprint) : .pairingOnly(fingerprint: fingerprint)
        let sentence = limits == nil ? "is unknown here" : "is good for is sallyport-attach --pair"
        let outcome = come(limits)
        #expect(outcome.admitted == nil && outcome.welcomed == nil && !outcome.confirms)
        if ["attach", "attach-stream", "attach-log"].contains(verb) {
            #expect(outcome.pairs == denial && outcome.status == .success)
            #expect(outcome.comer == (verb == "attach" ? .machine : .partOfMachine))
        } else {
            #expect(outcome.pairs == nil && outcome.status == .notPermitted)
            #expect(outcome.errors.contains(sentence), "\(outcome.errors)")
        }
        // Where nothing can be adopted, it opens nothing; nor is a pending key or a suspended person's one for that.
        let closed = come(offered: false, limits)
        #expect(closed.pairs == nil && closed.status == .notPermitted && closed.errors.contains(sentence))
        for limits: [Key.Limit] in [[.confirm], [.confirm, .pair]] { #expect(come(limits).pairs == nil) }
        if limits != nil { #expect(come(suspended: true, limits).pairs == nil) }
    }

    /// Every verb but its own, in whatever form.
    @Test(arguments: Verbs.all.map(\.manual.name))
    func aKeyLimitedToAttachingOpensOnlyItsOwnVerbs(verb: String) {
        let command = Self.command(verb)
        let outcome = arrive(command, limits: [.attach], jobs: [Fixture.job()])
        guard verb.hasPrefix("attach") else {
            #expect(outcome.status == .notPermitted && outcome.admitted == nil && outcome.welcomed == nil)
            #expect(outcome.errors.contains("is good for is attaching a machine"))
            return
        }
        #expect(outcome.welcomed?.person == Fixture.alice && outcome.status == .success)
        // Keys without limits open them, too; those that are pending, unknown or of suspended people do not.
        #expect(arrive(command).welcomed != nil)
        #expect(
            arrive(command, limits: [.confirm]).welcomed == nil && arrive(command, as: nil).welcomed == nil)
        #expect(arrive(command, suspended: true, limits: [.attach]).welcomed == nil)
    }

    // MARK: Names of attached machines

    @Test(arguments: [
        "connect nightly", "tail job-nightly.gw.example.org", "show nightly", "extend nightly 1h",
    ])
    func aNameDoesWhereverANumberDoes(command: String) {
        let machines = MemoryAttachments()
        machines.named = .success([Fixture.job()])
        let outcome = arrive(command, machines: machines)
        #expect(outcome.admitted?.job.id == Fixture.identifier && machines.requests == ["named nightly"])
    }

    @Test func aNameOpensNothingThatANumberDoesNot() {
        let machines = MemoryAttachments()
        machines.named = .success([Fixture.job()])
        let outcome = arrive("connect nightly", as: Fixture.bob, machines: machines)
        #expect(outcome.status == .notPermitted && outcome.admitted == nil)
    }

    @Test func anIdComesBeforeAName() {
        let machines = MemoryAttachments()
        var other = Fixture.job()
        other.id = JobID("nightly")!
        let outcome = arrive("connect nightly", jobs: [other], machines: machines)
        #expect(outcome.admitted?.job.id == other.id && machines.requests.isEmpty)
    }

    @Test func aNumberIsNeverAName() {
        let machines = MemoryAttachments()
        #expect(arrive("connect 57", machines: machines).status == .noSuchJob && machines.requests.isEmpty)
    }

    @Test func aNameOfSeveralJobsGivesAList() {
        let machines = MemoryAttachments()
        var other = Fixture.job()
        other.id = JobID("43")!
        machines.named = .success([Fixture.job(), other])
        let outcome = arrive("connect nightly", machines: machines)
        #expect(
            outcome.status == .usage && outcome.errors.contains("There are 2 jobs with the name nightly."))
        #expect(outcome.errors.contains("  42 ") && outcome.errors.contains("  43 "))
    }

    @Test func aNameThatNobodyHasIsNoJob() {
        for named: Result<[Job], ServiceError> in [
            .success([]), .failure(ServiceError(.notOffered, detail: "")),
        ] {
            let machines = MemoryAttachments()
            machines.named = named
            #expect(arrive("connect nightly", machines: machines).status == .noSuchJob)
        }
        #expect(arrive("connect nightly").status == .noSuchJob)
        let machines = MemoryAttachments()
        machines.named = .failure(ServiceError(.timedOut, detail: ""))
        #expect(arrive("connect nightly", machines: machines).status == .tryAgain)
    }

    @Test func aKeyLimitedToAttachingOpensNothingElse() {
        for command in ["whoami", "connect 42", "keys confirm abcd-efgh"] {
            let outcome = arrive(command, limits: [.attach], jobs: [Fixture.job()])
            #expect(outcome.status == .notPermitted && outcome.errors.contains("is attaching a machine"))
            #expect(!outcome.confirms && outcome.welcomed == nil && outcome.admitted == nil)
        }
    }

    @Test(arguments: [["look"], ["confirm", "look"], ["attach", "look"]])
    func aKeyWithLimitsThatNobodyKnowsIsUnknown(limits: [String]) {
        for command in ["whoami", "keys confirm abcd-efgh"] {
            let outcome = arrive(command, limits: limits.map { Key.Limit(rawValue: $0) })
            #expect(outcome.status == .notPermitted && outcome.errors.contains("is unknown here"))
            #expect(!outcome.confirms && outcome.welcomed == nil)
        }
    }

    @Test func aPrivateJobOfOthersIsAsIfItWereNotThere() {
        let hidden = arrive("tail 42", as: Fixture.bob, jobs: [Fixture.job(visibility: .private)])
        let absent = arrive("tail 42", as: Fixture.bob)
        func withoutSession(_ text: String) -> Substring { text.prefix { $0 != "[" } }
        #expect(hidden.status == .noSuchJob && absent.status == .noSuchJob)
        #expect(withoutSession(hidden.errors) == withoutSession(absent.errors))
        // The administrator learns which it was.
        #expect(hidden.records.contains { $0.contains("alice's") })
    }

    @Test func theOnlyLiveJobIsMeantWhereNoneIsNamed() {
        let outcome = arrive("connect", jobs: [Fixture.job()])
        #expect(outcome.admitted?.job.id == Fixture.identifier && outcome.admitted?.action == .enter)
        let none = arrive("connect")
        #expect(none.status == .noSuchJob && none.admitted == nil)
        // The first page of a list does not show that it is the only one.
        let more = arrive("connect", jobs: [Fixture.job()], next: "42")
        #expect(more.status == .usage && more.admitted == nil)
        #expect(more.errors.contains("  42 ") && more.errors.contains("You have more than 1 live job."))
    }

    @Test func whatIsAboutOneselfNeedsNoJob() {
        #expect(arrive("whoami").welcomed?.person == Fixture.alice)
        #expect(arrive("list", as: Fixture.bob).welcomed?.person == Fixture.bob)
    }

    @Test(arguments: ["frobnicate", "sh", "tail", "tail 42 43", "connect 'x"])
    func whatIsNoRequestGetsTheUsage(command: String) {
        let outcome = arrive(command, jobs: [])
        #expect(outcome.admitted == nil && outcome.welcomed == nil)
        #expect(outcome.status == .usage || outcome.status == .noSuchJob)
    }
}
