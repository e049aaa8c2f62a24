import AuthorizedKeys
import BuildAPI
import ConfigurationFile
import EventLoop
import Policy
import Presentation
import ServiceClient

/// Ends a command that lasts when the person may no longer have it: decides again at each change of the job, and asks
/// the service whose the key is, when it reports that something about the person has changed, otherwise regularly. If the
/// service is silent for too long, nobody can be told apart any more, and the command ends, too.
final class PermitKeeper {
    /// How often the service is asked, if it does not report changes, and nothing else asks it.
    static let interval = Duration.seconds(20)

    private let context: SessionContext
    private let action: Action
    private let ended: (Refusal) -> Void
    private var principal: Principal
    private var job: Job
    private var timer: Timer?
    private var lastAnswer: Instant
    private var hasWarned = false
    private var hasEnded = false
    /// Heartbeats of a claim ask the service whether the person may stay.
    var hasHeartbeat = false {
        didSet { wait() }
    }
    /// Whether the service reports what changes about the person.
    private var isTold = false
    /// Whether something may have changed since the service last said whose the key is.
    private var isInDoubt = false

    /// - Parameters:
    ///   - action: what the person goes on doing.
    ///   - ended: called at most once, with why.
    init(_ permit: Permit, _ action: Action, in context: SessionContext, ended: @escaping (Refusal) -> Void) {
        self.context = context
        self.action = action
        self.ended = ended
        principal = permit.principal
        job = permit.job
        lastAnswer = context.loop.now
        wait()
    }

    /// The command has ended by itself.
    func stop() {
        hasEnded = true
        timer?.cancel()
    }

    /// The service has reported something of the job that is watched.
    func take(_ report: JobReport) {
        guard !hasEnded else { return }
        switch report {
        case .job(let job):
            // What is shared with whom, for instance.
            self.job = job
            heard(nil)
            decide()
        case .person:
            isTold = true
            isInDoubt = true
            wait()
            ask()
        case .alive: heard(nil)
        case .interrupted:
            isTold = false
            wait()
        }
    }

    /// The service has answered something, or has not.
    func heard(_ error: ServiceError?) {
        guard error.map(Self.isVerdict) ?? true else { return }
        lastAnswer = context.loop.now
        hasWarned = false
    }

    /// Whether the service has said something about this person or job. A certificate that has expired, or an answer that
    /// nobody can read, says nothing.
    private static func isVerdict(_ error: ServiceError) -> Bool {
        switch error.code {
        case .noSuchJob, .noSuchKey, .noSuchPerson, .claimEnded, .builderGone, .notReady, .notPermitted,
            .suspended, .termsChanged, .conflict:
            true
        default: false
        }
    }

    private func wait() {
        timer?.cancel()
        guard !hasEnded, let pause = asksRegularly ? Self.interval : untilSilenceCounts else { return }
        timer = context.loop.timer(after: pause) { [unowned self] in
            checkSilence()
            guard !hasEnded else { return }
            if asksRegularly { ask() }
            wait()
        }
    }

    private var asksRegularly: Bool { isInDoubt || !isTold && !hasHeartbeat }

    /// When the service will have been silent for so long that it has to be said. Nil: never.
    private var untilSilenceCounts: Duration? {
        guard limit > .zero else { return nil }
        return (hasWarned ? limit : limit / 2) - context.loop.age(of: lastAnswer)
    }

    private func ask() {
        context.service.key(context.key) { [weak self] result in
            guard let self, !self.hasEnded else { return }
            self.heard(result.error)
            guard case .success(let key) = result else { return }
            if self.isInDoubt {
                self.isInDoubt = false
                self.wait()
            }
            do throws(Denial) {
                self.principal = try Principal.identify(key, fingerprint: self.context.key.fingerprint)
                self.decide()
            } catch {
                self.end(.revoked(error, self.job.id))
            }
        }
    }

    private func decide() {
        guard !hasEnded else { return }
        do throws(Denial) {
            _ = try Permit.decide(action, on: job.id, job, for: principal)
        } catch {
            end(.revoked(error, job.id))
        }
    }

    /// How long the service can be silent. Zero: for ever.
    private var limit: Duration { .seconds(context.configuration.gateway.revocationTimeout) }

    private func checkSilence() {
        guard limit > .zero else { return }
        let silence = context.loop.age(of: lastAnswer)
        if silence >= limit {
            end(.serviceSilent(limit))
        } else if silence >= limit / 2, !hasWarned {
            hasWarned = true
            context.say(Notice.serviceSilent(for: silence, endsIn: limit - silence).text)
        }
    }

    private func end(_ refusal: Refusal) {
        stop()
        ended(refusal)
    }
}
