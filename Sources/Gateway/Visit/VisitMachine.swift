import BuildAPI
import FoundationEssentials
import Glibc
import Presentation
import Requests
import SSHClient
import ServiceClient

/// A visit to a builder, as a state machine without I/O: events in, actions out.
///
/// The order it keeps: wait until there is a builder; show the log until the tasks have ended (unless `now`); claim
/// and reach for the builder at the same time; go in only when both have succeeded and the claim is for the very builder
/// that we have reached; stay; release the claim with the reason.
struct VisitMachine {
    enum Event {
        /// The job is, or has become, this.
        case job(Job)
        /// The service tells nothing more about the job.
        case watchEnded(ServiceError?)
        /// The tasks have ended and their log has been shown.
        case logShown(ServiceError?)
        case claimed(Claim)
        case notClaimed(ServiceError)
        case heartbeat(ServiceError?)
        /// No heartbeat has been answered for as long as the lease.
        case leaseRanOut
        /// Whoever waits for a builder waits no longer.
        case patienceOver
        /// We have reached the builder, and nothing has been sent that opens it.
        case reached
        /// It is open to us.
        case opened
        case started
        case ended(RemoteEnding)
        case connectionFailed(SSHClientError)
        /// Nobody has said in time why the connection ended.
        case noReason
        /// Nothing has been typed and nothing shown for so long.
        case idle(Duration)
        /// The client has gone, or the session is being ended: with a hang-up or a signal.
        case interrupted(signal: CInt, cause: String)
    }

    enum Action: Equatable {
        /// Tell the person something.
        case say(String)
        /// Tell the person what is being waited for, as long as that lasts.
        case wait(for: String)
        case watch
        case showLog
        case claim
        /// Reach for this builder; a connection there was is closed.
        case reach(Job.Builder)
        /// On the strength of this claim.
        case open(Claim)
        case run
        /// Watch the job, for a while: it may say why the connection has ended.
        case askWhy
        /// Close the connection, release the claim if there is one, end with this status.
        case finish(ExitStatus, Claim.Reason)
        /// The same, and this is why.
        case refuse(Refusal, Claim.Reason)
    }

    private enum State: Equatable {
        /// For a builder.
        case waiting
        /// For the end of the tasks, inside a claim.
        case watchingTasks
        case entering
        case inside
        /// No longer inside; the service may know why.
        case wondering(Loss)
        case over
    }

    /// What to say of the end of a connection or a claim about which the service says nothing.
    private struct Loss: Equatable {
        /// While the builder lives, for all that is known.
        var refusal: Refusal
        /// If it turns out to have ended.
        var ifBuilderHasEnded: String
    }

    private let kind: Claim.Kind
    private let now: Bool
    private var state = State.waiting
    private var job: Job
    private var isWatching = false
    private var saidBooting = false
    private var saidQueued = false
    private var claim: Claim?
    private var isClaiming = false
    private var reached: Job.Builder?
    private var isReached = false
    private var saidUnclaimed = false

    /// - Parameters:
    ///   - kind: what it is for.
    ///   - now: go in while tasks still run.
    init(_ job: Job, kind: Claim.Kind, now: Bool) {
        self.job = job
        self.kind = kind
        self.now = now
    }

    mutating func start() -> [Action] {
        jobChanged()
    }

    mutating func handle(_ event: Event) -> [Action] {
        guard state != .over else { return [] }
        switch event {
        case .job(let job):
            self.job = job
            return jobChanged()
        case .watchEnded(let error):
            if let error, !error.isTransient, case .wondering = state { return handle(.noReason) }
            guard state == .waiting || state == .watchingTasks, !job.status.isFinal || error != nil else {
                return []
            }
            return serviceFailed(error)
        case .logShown(let error):
            guard state == .watchingTasks else { return [] }
            if let error { return serviceFailed(error) }
            return tasksEnded()
        case .claimed(let claim):
            isClaiming = false
            self.claim = claim
            switch state {
            case .entering: return claimedWhileEntering()
            case .inside: return claimedAgain()
            case .waiting, .watchingTasks, .wondering, .over: return []
            }
        case .notClaimed(let error):
            isClaiming = false
            if case .wondering = state { return [] }
            return state == .inside ? notClaimedAgain(error) : notClaimed(error)
        case .heartbeat(let error):
            return heartbeat(error)
        case .leaseRanOut:
            return state == .inside ? sayUnclaimed() : []
        case .patienceOver:
            return state == .waiting ? outOfPatience() : []
        case .reached:
            isReached = true
            return openIfPossible()
        case .opened:
            return state == .entering ? [.run] : []
        case .started:
            state = .inside
            return []
        case .ended(let ending):
            return ended(ending)
        case .connectionFailed(let error):
            return connectionFailed(error)
        case .noReason:
            guard case .wondering(let loss) = state else { return [] }
            state = .over
            return [.refuse(loss.refusal, .lost)]
        case .idle(let time):
            return state == .inside ? closedForIdleness(time) : []
        case .interrupted(let signal, let cause):
            state = .over
            // After a hang-up nobody is left to read it; whoever types Ctrl-C while waiting knows.
            let sentence =
                signal == SIGHUP || signal == SIGINT
                ? "" : "The gateway has ended this session. Enter the same command again to come back."
            return [.refuse(Refusal(.signal(signal), sentence, cause: cause), .lost)]
        }
    }

    // MARK: Until there is a builder

    private mutating func jobChanged() -> [Action] {
        switch state {
        case .waiting: return waiting()
        case .watchingTasks where job.builder == nil && job.status.isFinal:
            // `logShown` comes too; it will find that nothing is left.
            return []
        case .inside where job.builder == nil: return builderEnded(nil)
        case .wondering(let loss) where job.builder == nil: return builderEnded(loss)
        default: return []
        }
    }

    private mutating func waiting() -> [Action] {
        var actions: [Action] = []
        switch (job.status, job.builder?.state) {
        case (.success, nil), (.failed, nil), (.timeout, nil), (.cancelled, nil):
            return refuse(ended: job)
        case (_, .kept), (.success, _), (.failed, _), (.timeout, _), (.cancelled, _):
            return enter()
        case (_, .ready) where now:
            return enter()
        case (_, .ready):
            state = .watchingTasks
            actions.append(
                .say("Job \(job.id) is still running. You will be let in when its tasks have ended."))
            actions.append(.claim)
            isClaiming = true
            if !isWatching { actions.append(.watch) }
            isWatching = true
            actions.append(.showLog)
            return actions
        case (.pending, _), (.queued, _):
            if !saidQueued { actions.append(.wait(for: "Job \(job.id) is queued. Waiting for a builder.")) }
            saidQueued = true
        case (.running, _):
            if !saidBooting { actions.append(.wait(for: "The builder of job \(job.id) is booting.")) }
            saidBooting = true
        }
        if !isWatching { actions.append(.watch) }
        isWatching = true
        return actions
    }

    private mutating func outOfPatience() -> [Action] {
        state = .over
        let sentence =
            job.status == .running
            ? "The builder of job \(job.id) still boots. Try again in a minute."
            : "Job \(job.id) is still queued. Try again in a minute."
        let cause = "job \(job.id) is \(job.status.rawValue) and has no builder that is ready"
        return [.refuse(Refusal(.tryAgain, sentence, cause: cause), .lost)]
    }

    private mutating func tasksEnded() -> [Action] {
        job.builder == nil ? refuse(ended: job) : enter()
    }

    // MARK: Through the second door

    private mutating func enter() -> [Action] {
        guard let told = job.builder else { return refuse(ended: job) }
        // If the claim is for another one, that is where we go.
        let claimed = claim.flatMap { $0.builder.isSameMachine(as: told) ? nil : $0.builder }
        let builder = claimed ?? told
        state = .entering
        reached = builder
        var actions = [Action.reach(builder)]
        if claim == nil, !isClaiming {
            isClaiming = true
            actions.insert(.claim, at: 0)
        }
        return actions
    }

    private mutating func claimedWhileEntering() -> [Action] {
        guard let builder = claim?.builder, let reached else { return [] }
        // A claim is for one live builder. If it is another one than we were told before, that is where we go.
        if !builder.isSameMachine(as: reached) {
            self.reached = builder
            isReached = false
            return [.reach(builder)]
        }
        return openIfPossible()
    }

    private func openIfPossible() -> [Action] {
        guard state == .entering, isReached, let claim else { return [] }
        return [.open(claim)]
    }

    // MARK: Inside, and out again

    private mutating func ended(_ ending: RemoteEnding) -> [Action] {
        let reason: Claim.Reason = kind == .shell ? .logout : .done
        switch ending {
        case .exited(let status):
            state = .over
            return [.finish(ExitStatus(status & 255), reason)]
        case .killed(let signal):
            state = .over
            // A shell that was killed is nobody's logout: whoever was in it may want to come back.
            return [.finish(.signal(SignalName.number(signal)), kind == .shell ? .lost : .done)]
        case .unknown:
            let sentence = "The builder of job \(job.id) closed the session."
            return wonder(
                Refusal(.noBuilder, sentence, cause: "the channel was closed without an exit status"),
                ifBuilderHasEnded: "\(sentence) It has ended.")
        }
    }

    private mutating func wonder(_ refusal: Refusal, ifBuilderHasEnded sentence: String) -> [Action] {
        if case .wondering = state { return [] }
        let loss = Loss(refusal: refusal, ifBuilderHasEnded: sentence)
        guard job.builder != nil else { return builderEnded(loss) }
        state = .wondering(loss)
        return [.askWhy]
    }

    private mutating func builderEnded(_ loss: Loss?) -> [Action] {
        state = .over
        let end = job.builderEnd.map { " (\($0.reason.rawValue))" } ?? ""
        let sentence =
            job.builderEnd?.spoken.map {
                "The builder of job \(job.id) has ended: \($0). Its log is still there: tail \(job.id)."
            } ?? loss?.ifBuilderHasEnded
            ?? "The builder of job \(job.id) has ended. Its log is still there: tail \(job.id)."
        let cause = [loss?.refusal.cause, "the builder has ended\(end)"].compactMap(\.self)
        return [.refuse(Refusal(.noBuilder, sentence, cause: cause.joined(separator: "; ")), .lost)]
    }

    private mutating func closedForIdleness(_ time: Duration) -> [Action] {
        state = .over
        return [
            .refuse(
                Refusal(
                    .tryAgain,
                    "This session was closed: nothing was typed or shown in it for \(SpokenDuration.words(time)). "
                        + "Enter the same command again to come back.",
                    cause: "idle for \(SpokenDuration.words(time))"), .lost)
        ]
    }

    private mutating func connectionFailed(_ error: SSHClientError) -> [Action] {
        if case .wondering = state { return [] }
        let wasInside = state == .inside
        // The tasks' end and the builder's are told one after the other.
        if !wasInside, job.builder == nil, job.status.isFinal { return refuse(ended: job) }
        let status: ExitStatus
        let advice: String
        switch error.code {
        case .hostKeyMismatch, .misconfigured, .authenticationFailed:
            status = .misconfigured
            advice = "Please tell the administrator."
        case .unreachable, .timedOut, .refused, .lost:
            status = .noBuilder
            advice =
                wasInside
                ? "Enter the same command again, if the builder still lives." : "Try again in a minute."
        }
        let refusal = Refusal(status, "\(error) \(advice)", cause: error.debugDescription)
        if wasInside { return wonder(refusal, ifBuilderHasEnded: "\(error) The builder has ended.") }
        state = .over
        return [.refuse(refusal, .lost)]
    }

    /// The service does not know the claim any more. That may be because nobody could reach it for a while: the session
    /// stays, and asks anew.
    private mutating func heartbeat(_ error: ServiceError?) -> [Action] {
        guard let error else { return [] }
        switch error.code {
        case .claimEnded where state == .inside, .builderGone where state == .inside:
            guard !isClaiming else { return [] }
            isClaiming = true
            return [.claim]
        case .notPermitted, .termsChanged, .claimEnded, .builderGone:
            if case .wondering = state { return [] }
            return endedByTheService(error)
        default: return []
        }
    }

    private mutating func claimedAgain() -> [Action] {
        saidUnclaimed = false
        guard let builder = claim?.builder, let reached, builder.isSameMachine(as: reached) else {
            state = .over
            return [
                .refuse(
                    Refusal(
                        .noBuilder, "The builder of job \(job.id) is gone.",
                        cause: "the new claim is for another builder"), .lost)
            ]
        }
        return []
    }

    private mutating func notClaimedAgain(_ error: ServiceError) -> [Action] {
        // The next heartbeat asks again.
        error.isTransient || error.code == .notReady ? sayUnclaimed() : endedByTheService(error)
    }

    private mutating func sayUnclaimed() -> [Action] {
        guard !saidUnclaimed else { return [] }
        saidUnclaimed = true
        return [
            .say(
                "The build service does not answer. You can go on, but until it does again nobody keeps the builder "
                    + "from ending.")
        ]
    }

    private mutating func endedByTheService(_ error: ServiceError) -> [Action] {
        let cause = "the claim does not stand any more: \(error.debugDescription)"
        let isPermitted = error.code != .notPermitted && error.code != .termsChanged
        if isPermitted, state == .inside {
            let sentence = "The build service has ended this session."
            return wonder(
                Refusal(.noBuilder, sentence, cause: cause),
                ifBuilderHasEnded: "\(sentence) The builder has ended.")
        }
        state = .over
        let refusal =
            isPermitted
            ? Refusal(.noBuilder, "The build service has ended this session.", cause: cause)
            : Refusal(
                .notPermitted,
                "The build service has ended this session: job \(job.id) is no longer open to you.",
                cause: cause)
        return [.refuse(refusal, .lost)]
    }

    private mutating func notClaimed(_ error: ServiceError) -> [Action] {
        let refusal: Refusal
        switch error.code {
        case .builderGone, .noSuchJob:
            refusal = Refusal(
                .noBuilder, "The builder of job \(job.id) is gone.", cause: error.debugDescription)
        case .tooMany:
            // It says what is in the way.
            refusal = .service(error, kind.verb.rawValue)
        case .termsChanged:
            refusal = Refusal(
                .notPermitted, "The terms of use have just been changed. Enter the same command again.",
                cause: error.debugDescription)
        case .notPermitted:
            refusal = Refusal(
                .notPermitted, "The build service does not let you into job \(job.id).",
                cause: error.debugDescription)
        case .notReady:
            refusal = Refusal(
                .tryAgain, "The builder of job \(job.id) is not ready. Try again in a minute.",
                cause: error.debugDescription)
        default:
            refusal = GatewaySession.refusal(for: error)
        }
        state = .over
        return [.refuse(refusal, .lost)]
    }

    private mutating func serviceFailed(_ error: ServiceError?) -> [Action] {
        state = .over
        let refusal =
            error.map(GatewaySession.refusal(for:))
            ?? Refusal(
                .tryAgain, "The build service stopped telling about job \(job.id). Try again in a minute.",
                cause: "the event stream of job \(job.id) ended while it was \(job.status.rawValue)")
        return [.refuse(refusal, .lost)]
    }

    private mutating func refuse(ended job: Job) -> [Action] {
        state = .over
        let time = job.tasks.compactMap(\.ended).max().map { " at \($0.formatted(.iso8601))" } ?? ""
        let refusal = Refusal(
            .noBuilder,
            "Job \(job.id) \(job.status.spoken)\(time) and its builder is gone. Its log is still there: tail \(job.id).",
            cause: "job \(job.id) is \(job.status.rawValue) and has no builder")
        return [.refuse(refusal, .lost)]
    }
}

extension Claim.Kind {
    /// What people enter for that.
    var verb: Verb { self == .proxy ? .proxy : .connect }
}

extension Job.Builder {
    /// Whether it is reached in the same way and proves itself with the same keys.
    fileprivate func isSameMachine(as other: Job.Builder) -> Bool {
        address == other.address && port == other.port && user == other.user && hostKeys == other.hostKeys
    }
}
