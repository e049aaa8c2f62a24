import AuthorizedKeys
import BuildAPI
import EventLoop
import Policy
import ServiceClient
import TestSupport
import Testing

@testable import Gateway

/// `tail`, with a build service in memory; minutes pass in no time.
@Suite final class LogSessionTests {
    private let loop = EventLoop(VirtualTime())
    private lazy var test = TestSession(on: loop)

    private func tail(_ job: Job) throws -> LogSession {
        let known = try Fixture.known(Fixture.bob)
        var key = Fixture.key(of: Fixture.bob)
        key.fingerprint = TestSession.key.fingerprint
        test.service.keys = [key.fingerprint: key]
        test.service.jobs[job.id] = job
        let session = LogSession(
            try Permit.decide(.look, on: job.id, job, for: known), raw: false, in: test.context)
        session.start()
        return session
    }

    private func run(_ session: LogSession, changing: @escaping () -> Void) -> ExitStatus {
        loop.timer(after: .seconds(60), changing)
        return withExtendedLifetime(session) { test.context.client.run() }
    }

    /// Its log can take long to read, and nothing reports what changes.
    @Test func theLogOfAnEndedJobIsClosedToo() throws {
        let session = try tail(Fixture.job(shares: [Fixture.bob]))
        let status = run(session) { [test] in
            test.service.jobs[JobID("42")!] = Fixture.job(visibility: .private)
        }
        #expect(status == .notPermitted && test.service.requests.count { $0 == "watch" } == 0)
        #expect(test.said.errors.contains("job 42 is no longer open to you"))
    }

    /// The events end with the builder, while there is still something to read.
    @Test func soIsTheLogOfAJobWhoseEventsHaveEnded() throws {
        let session = try tail(Fixture.job(.running, builder: .ready, shares: [Fixture.bob]))
        test.service.report(.job(Fixture.job(shares: [Fixture.bob])))
        test.service.report(.person)
        test.service.events?.end()
        let status = run(session) { [test] in
            test.service.jobs[JobID("42")!] = Fixture.job()
        }
        #expect(status == .notPermitted)
        #expect(test.said.errors.contains("job 42 is no longer open to you"))
    }

    @Test func aServiceThatIsSilentLeavesNothingToReturnTo() throws {
        let session = try tail(Fixture.job(shares: [Fixture.bob]))
        let status = run(session) { [test] in
            test.service.keyFailure = Fixture.serviceError(.unreachable)
        }
        #expect(status == .tryAgain)
        let errors = test.said.errors
        #expect(errors.contains("Run the same command again.") && !errors.contains("tmux"))
    }

    /// Standard output can be a file.
    @Test func aMessageIsNoPartOfTheLog() throws {
        let session = try tail(Fixture.job(.running, builder: .ready, shares: [Fixture.bob]))
        test.service.log(LogName.job)?.say("half ")
        test.context.say("It is later.")
        test.service.log(LogName.job)?.say("a line\n")
        withExtendedLifetime(session) {}
        #expect(test.said.output == "half a line\n")
    }
}
