import AuthorizedKeys
import BuildAPI
import CommandGrammar
import EventLoop
import Policy
import ServiceClient
import TestSupport
import Testing

@testable import Gateway

/// `adopt`: what people hear who enter a code, without a terminal.
@Suite final class AdoptCommandTests {
    private let loop = EventLoop(VirtualTime())
    private let pairings = MemoryPairings()

    private struct Outcome {
        var status: ExitStatus?
        var output = ""
        var errors = ""
        var records: [String] = []
    }

    private func adopt(_ words: String, terms: String? = nil, isOffered: Bool = true) -> Outcome {
        let test = TestSession(on: loop, command: "adopt\(words)")
        test.service.waiting = isOffered ? pairings : nil
        test.service.keys[TestSession.key.fingerprint] = Key(
            fingerprint: TestSession.key.fingerprint, type: "", key: "", comment: "", owner: Fixture.alice,
            suspended: false, unacceptedTerms: terms)
        var running: (any RunningCommand)?
        let authorization = Authorization(in: test.context) { command in
            do throws(Refusal) {
                running = try command.start(in: test.context)
            } catch {
                test.context.refuse(error)
            }
        }
        authorization.start()
        var outcome = Outcome()
        outcome.status = withExtendedLifetime(authorization) { test.context.client.run() }
        (outcome.output, outcome.errors) = test.said
        outcome.records = test.records
        withExtendedLifetime(running) {}
        return outcome
    }

    @Test func withoutATerminalItSaysWhatToType() {
        for (status, words) in [(Job.Status.failed, "connect 42"), (.running, "connect --now 42")] {
            pairings.job = .success(Fixture.job(status))
            let outcome = adopt(" K7M-2QX")
            #expect(outcome.status == .success && outcome.errors.isEmpty)
            #expect(outcome.output.hasPrefix("Job 42 is yours now. To enter it:\nssh -t "))
            #expect(outcome.output.hasSuffix(" \(words)\n"), "\(outcome.output)")
            #expect(outcome.records.contains { $0.contains("adopt job=42 person=1 name=alice key=SHA256:") })
        }
        #expect(adopt(" K7M-2QX --json").output.contains("\"id\""))
    }

    @Test(arguments: ["K7M-2QX", "k7m2qx", "K7M 2QX", "k7m- 2qx"])
    func aCodeIsWrittenAsPeopleLike(code: String) {
        pairings.job = .success(Fixture.job())
        #expect(adopt(" \(code)").status == .success)
        #expect(pairings.adoptions.map(\.key) == [TestSession.key.line])
        #expect(
            pairings.adoptions[0].code.uppercased().filter { $0 != "-" } == "K7M2QX")
    }

    @Test(arguments: ["K7M/2QX", "abc", "K7M-2QÄ", String(repeating: "x", count: 33)])
    func whatIsNoCodeIsNotAskedForAndNotRepeated(code: String) {
        let outcome = adopt(" \(code)")
        #expect(outcome.status == .usage && outcome.errors.contains("One looks like K7M-2QX."))
        #expect(pairings.requests.isEmpty)
        #expect(!outcome.records.contains { $0.contains(code) } && !outcome.errors.contains(code))
    }

    @Test func aCodeIsNeeded() {
        #expect(adopt("").errors.contains("Give the code that sallyport-attach --pair has printed."))
        #expect(adopt(" a1b2 c3d4 e5f6").status == .usage)
    }

    /// Whether it is wrong, late, used or for somebody else, the service does not say, nor does the log have it.
    @Test func aCodeThatNoMachineHasIsOneSentence() {
        let outcome = adopt(" 222-222")
        #expect(outcome.status == .noSuchJob)
        #expect(
            outcome.errors.hasPrefix(
                "sallyport: No machine waits with this code. A code is good once, for five minutes, and can be for one person only. ["
            ))
        #expect(!outcome.records.contains { $0.contains("222") })
    }

    @Test func limitsAndServicesWithoutThatAreSaid() {
        let detail = "alice has entered too many wrong codes: try again in 6 minutes."
        pairings.job = .failure(
            ServiceError(
                .tooMany(Quota(what: "wrong codes in an hour", limit: 10)),
                problem: Problem(title: "", status: 429, detail: detail), detail: ""))
        let limited = adopt(" 222-222")
        #expect(limited.status == .tryAgain && limited.errors.contains(detail))
        pairings.job = .failure(
            ServiceError(
                .notPermitted, problem: Problem(title: "", status: 403, detail: "There is none."), detail: "")
        )
        let off = adopt(" 222-222")
        #expect(off.status == .notPermitted && off.errors.contains("There is none."))
        let none = adopt(" 222-222", isOffered: false)
        #expect(none.status == .noBuilder && none.errors.contains("does not offer “adopt”"))
    }

    @Test func theTermsComeFirst() {
        let outcome = adopt(" K7M-2QX", terms: "7")
        #expect(outcome.status == .notPermitted && outcome.errors.contains("accept-terms"))
        #expect(pairings.requests.isEmpty)
    }
}
