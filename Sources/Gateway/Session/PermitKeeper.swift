import AuthorizedKeys
import BuildAPI
import ConfigurationFile
import EventLoop
import Policy
import Presentation
import ServiceClient

/// Ends a command that lasts when the person may no longer have it: decides again at each change of the job and of the
/// person. What the service does not report, it is asked for regularly: whose the key is, and what the job is. If the
/// service says neither for too long, nobody can be told apart any more, and the command ends, too.
final class PermitKeeper {
    /// How often the service is asked, if it does not report changes, and nothing else asks it.
    static let interval = Duration.seconds(20)

    private let context: SessionContext
    private let ended: (Refusal) -> Void
    private var principal: Principal
    /// What the person has come for.
    private let use: KeyUse
    /// What the person goes on doing, and with which job; nil: something that is about no job.
    private var subject: (action: Action, job: Job)?
    /// What the job was to the person at the beginning.
    private let standing: Standing?
    private var timer: Timer?
    private var silence: ServiceSilence
    private var hasEnded = false
    /// Whether heartbeats of a claim ask the service whether the person may stay.
    private var hasHeartbeat = false
    /// Whether the service reports what changes about the job.
    private var isWatched = false
    /// Whether it also reports what changes about the person.
    private var isTold = false
    /// Whether something may have changed since the service last said whose the key is.
    private var isInDoubt = false
    /// How often the service has been asked whose the key is.
    private var questions = 0

    /// - Parameters:
    ///   - action: what the person goes on doing.
    ///   - ended: called at most once, with why.
    convenience init(
        _ permit: Permit, _ action: Action, in context: SessionContext, ended: @escaping (Refusal) -> Void
    ) {
        self.init(permit.principal, .everything, (action, permit.job), permit.standing, in: context, ended)
    }

    /// For a command that is about no job, and waits for what the person sends.
    convenience init(
        _ principal: Principal, for use: KeyUse = .everything, in context: SessionContext,
        ended: @escaping (Refusal) -> Void
    ) {
        self.init(principal, use, nil, nil, in: context, ended)
    }

    private init(
        _ principal: Principal, _ use: KeyUse, _ subject: (action: Action, job: Job)?, _ standing: Standing?,
        in context: SessionContext,
        _ ended: @escaping (Refusal) -> Void
    ) {
        self.context = context
        self.ended = ended
        self.principal = principal
        self.use = use
        self.subject = subject
        self.standing = standing
        silence = ServiceSilence(
            limit: .seconds(context.configuration.gateway.revocationTimeout), since: context.loop.now)
        wait()
    }

    deinit {
        timer?.cancel()
    }

    /// The command has ended by itself.
    func stop() {
        hasEnded = true
        timer?.cancel()
    }

    // MARK: What the service reports

    /// The service has reported something of the job that is watched.
    func take(_ report: JobReport) {
        guard !hasEnded else { return }
        switch report {
        case .job(let job):
            isWatched = true
            // What is shared with whom, for instance.
            subject?.job = job
            reportArrived()
            decide()
        case .person:
            isWatched = true
            isTold = true
            isInDoubt = true
            wait()
            ask()
        case .alive:
            isWatched = true
            reportArrived()
        case .interrupted: watchEnded()
        }
    }

    /// Nothing is reported of the job any more.
    func watchEnded() {
        isWatched = false
        isTold = false
        wait()
    }

    /// A heartbeat of a claim has been answered, or the claim has been made; nil: the claim is live.
    ///
    /// Whatever else a service says of a claim, it can say to a person who has lost their rights, too.
    func heartbeat(_ error: ServiceError?) {
        guard !hasEnded, context.service.hasLeases else { return }
        hasHeartbeat = error == nil
        if hasHeartbeat { heard() }
        wait()
        if !hasHeartbeat { ask() }
    }

    /// Reports say that the person may go on only where they would also say that they may not.
    private func reportArrived() {
        if isTold, !isInDoubt { heard() }
    }

    private func heard() {
        silence.answered(at: context.loop.now)
    }

    // MARK: What the service is asked

    /// Asks once more, before what the person has sent is used. After that, nothing is kept.
    func confirm(_ then: @escaping () -> Void) {
        guard !hasEnded else { return }
        timer?.cancel()
        context.service.key(context.key) { [self] result in
            guard !hasEnded else { return }
            switch result {
            case .success(let key):
                guard recognise(key) else { return }
                stop()
                then()
            case .failure(let error): end(.notIdentified(error))
            }
        }
    }

    private func wait() {
        timer?.cancel()
        guard !hasEnded, let pause else { return }
        timer = context.loop.timer(after: pause) { [unowned self] in
            if asksRegularly || silence.nextQuestion(at: context.loop.now) == .zero { ask() }
            wait()
        }
    }

    private var asksRegularly: Bool { isInDoubt || !isTold && !hasHeartbeat }

    /// Until the next question, or until it is time to look whether one is due. Nil: never.
    private var pause: Duration? {
        guard let next = silence.nextQuestion(at: context.loop.now) else {
            return asksRegularly ? Self.interval : nil
        }
        return asksRegularly || next == .zero ? min(Self.interval, silence.limit / 4) : next
    }

    private func ask() {
        questions += 1
        let question = questions
        context.service.key(context.key) { [weak self] result in
            guard let self, !self.hasEnded else { return }
            switch result {
            case .success(let key):
                guard self.recognise(key) else { return }
                // A later question is about a later change.
                if question == self.questions, self.isInDoubt {
                    self.isInDoubt = false
                    self.wait()
                }
                self.askForJob()
            case .failure(let error): self.failed(error)
            }
        }
    }

    private func askForJob() {
        guard let job = subject?.job.id, !isWatched else { return answered() }
        context.service.job(job) { [weak self] result in
            guard let self, !self.hasEnded else { return }
            switch result {
            case .success(let job?):
                // What a watch has reported in the meantime is newer.
                if !self.isWatched { self.subject?.job = job }
                self.answered()
            case .success(nil): self.end(self.refusal(.noSuchJob(job)))
            case .failure(let error): self.failed(error)
            }
        }
    }

    private func answered() {
        heard()
        decide()
    }

    /// An answer that refuses a login refuses to go on, too. Others say nothing about the person: only how long there
    /// has been none counts.
    private func failed(_ error: ServiceError) {
        guard !error.refusesPerson else { return end(.notIdentified(error)) }
        switch silence.verdict(at: context.loop.now) {
        case .short: break
        case .warn(let silence, let rest):
            context.say(Notice.serviceSilent(for: silence, endsIn: rest).text)
        case .end: end(.serviceSilent(silence.limit, isInside: subject?.action == .stay))
        }
    }

    // MARK: The decision

    /// Whether the key is still the person's. If not, the command ends.
    private func recognise(_ key: Key?) -> Bool {
        do throws(Denial) {
            let known = try Principal.identify(key, fingerprint: context.key.fingerprint, for: use)
            // What is about no job is about the person who has begun it.
            guard subject != nil || known.person.isSame(as: principal.person) else {
                throw .unknownKey(fingerprint: context.key.fingerprint)
            }
            principal = known
            return true
        } catch {
            end(refusal(error))
            return false
        }
    }

    private func decide() {
        guard !hasEnded, let (action, job) = subject else { return }
        do throws(Denial) {
            let permit = try Permit.decide(action, on: job.id, job, for: principal)
            if mustGiveReason(permit) { end(.reasonMissing(job.id)) }
        } catch {
            end(refusal(error))
        }
    }

    /// Whether somebody who was let in as something else goes on as an administrator, who has to say why.
    private func mustGiveReason(_ permit: Permit) -> Bool {
        permit.action == .stay && permit.standing == .administrator && standing != .administrator
            && context.configuration.gateway.administratorReason == .required
    }

    private func refusal(_ denial: Denial) -> Refusal {
        subject.map { .revoked(denial, $0.job.id) } ?? .denied(denial)
    }

    private func end(_ refusal: Refusal) {
        stop()
        ended(refusal)
    }
}

extension ServiceError {
    /// Whether the service has answered, and does not let the person in: unlike an answer that is late, or that nobody can
    /// read.
    fileprivate var refusesPerson: Bool {
        [.notPermitted, .suspended, .conflict, .noSuchPerson].contains(code)
    }
}
