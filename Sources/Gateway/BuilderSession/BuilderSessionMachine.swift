import BuildAPI
import Glibc
import Presentation
import SSHClient
import ServiceClient

/// A session on a builder, as a state machine without I/O: events in, actions out. ``Refusal`` and ``Notice`` have the
/// words.
///
/// Its order: wait until there is a builder; show the log until the tasks have ended (unless `now`); claim the
/// builder and connect to it at the same time; authenticate there only when both have succeeded and the claim is
/// for the same builder; stay; release the claim with the reason.
struct BuilderSessionMachine {
    enum Event {
        /// The job's current state.
        case job(Job)
        /// The service reports nothing more about the job.
        case watchEnded(ServiceError?)
        /// The tasks have ended and their log has been shown.
        case logShown(ServiceError?)
        case claimed(Claim)
        case notClaimed(ServiceError)
        case heartbeat(ServiceError?)
        /// No heartbeat has been answered for as long as the lease.
        case leaseRanOut
        /// The wait for a builder has lasted too long.
        case builderTimeout
        /// We are connected to the builder, which has proved its host key; nothing has been sent that authenticates us.
        case connected
        /// The builder has accepted us, or accepts the person's own client.
        case authenticated
        case started
        /// The person has logged out of their shell.
        case loggedOut(status: CInt)
        /// The remote program has ended in any other way.
        case ended(RemoteEnding)
        case connectionFailed(SSHClientError)
        /// The service has not said in time why the session ended.
        case reasonTimeout
        /// Nothing has been typed and nothing shown for this long.
        case idle(Duration)
        /// The person may not go on, or nobody knows it any more.
        case revoked(Refusal)
        /// The client has gone, or the session is being ended: with a hang-up or a signal.
        case interrupted(signal: CInt, cause: String)
    }

    enum Action: Equatable {
        /// Tell the person something.
        case say(Notice)
        /// Tell the person what the session is waiting for, as long as it waits.
        case wait(Notice)
        case watch
        case showLog
        case claim
        /// Connect to this builder; close an earlier connection.
        case connect(Job.Builder)
        /// With this claim.
        case authenticate(Claim)
        case start
        /// Watch the job for a while: it can say why the session has ended.
        case determineReason
        /// Close the connection, release the claim if there is one, end with this status.
        case finish(ExitStatus, Claim.Reason)
        /// The same after a logout, and then ask whether the builder should end now.
        case finishAndAsk(ExitStatus)
        /// The same, for this reason.
        case refuse(Refusal, Claim.Reason)
    }

    /// The state of the session's claim.
    private enum ClaimState {
        case none
        /// Requested; while the person is inside, for the second time.
        case requested
        case held(Claim)
    }

    private enum State {
        /// Waiting for a builder.
        case waiting(Waiting)
        /// Waiting for the end of the tasks, with a claim that keeps their builder.
        case showingLog(ClaimState)
        case entering(Entry)
        case inside(Inside)
        /// No longer inside; the service can know why.
        case determiningReason(Loss)
        case over
    }

    private struct Waiting {
        var isWatched = false
        /// What the person has been told that they wait for.
        var said: Notice?
    }

    private struct Entry {
        /// The builder that we connect to.
        var builder: Job.Builder
        var isConnected = false
        var claim: ClaimState
    }

    private struct Inside {
        let builder: Job.Builder
        var claim: ClaimState
        /// Whether the person has been told that nothing keeps the builder.
        var hasSaidUnclaimed = false
    }

    private let kind: Claim.Kind
    private let now: Bool
    private let isOwner: Bool
    private var state = State.waiting(Waiting())
    private var job: Job

    /// - Parameters:
    ///   - kind: the kind of session.
    ///   - now: go in while tasks are still running.
    ///   - isOwner: whether the person is the job's owner.
    init(_ job: Job, kind: Claim.Kind, now: Bool, isOwner: Bool) {
        self.job = job
        self.kind = kind
        self.now = now
        self.isOwner = isOwner
    }

    mutating func begin() -> [Action] {
        jobChanged()
    }

    mutating func handle(_ event: Event) -> [Action] {
        if case .over = state { return [] }
        switch event {
        case .job(let job):
            self.job = job
            return jobChanged()
        case .watchEnded(let error): return watchEnded(error)
        case .logShown(let error):
            guard case .showingLog(let claim) = state else { return [] }
            return error.map { end(.service($0)) } ?? enter(with: claim)
        case .claimed(let claim): return claimed(claim)
        case .notClaimed(let error): return notClaimed(error)
        case .heartbeat(let error): return error.map { heartbeatFailed($0) } ?? []
        case .leaseRanOut:
            guard case .inside(let inside) = state else { return [] }
            return sayUnclaimed(inside)
        case .builderTimeout:
            guard case .waiting = state else { return [] }
            return end(.builderTimeout(job))
        case .connected:
            guard case .entering(var entry) = state else { return [] }
            entry.isConnected = true
            return authenticateIfPossible(entry)
        case .authenticated:
            guard case .entering = state else { return [] }
            return [.start]
        case .started:
            guard case .entering(let entry) = state else { return [] }
            state = .inside(Inside(builder: entry.builder, claim: entry.claim))
            return []
        case .loggedOut(let status): return loggedOut(ExitStatus(status & 255))
        case .ended(let ending): return ended(ending)
        case .connectionFailed(let error): return connectionFailed(error)
        case .reasonTimeout:
            guard case .determiningReason(let loss) = state else { return [] }
            return end(lost(loss))
        case .idle(let time):
            guard case .inside = state else { return [] }
            return end(.idle(time))
        case .revoked(let refusal): return revoked(refusal)
        case .interrupted(let signal, let cause): return end(.interrupted(signal: signal, cause: cause))
        }
    }

    private mutating func end(_ refusal: Refusal) -> [Action] {
        state = .over
        return [.refuse(refusal, .lost)]
    }

    private mutating func revoked(_ refusal: Refusal) -> [Action] {
        // A person who still waits has nothing there to return to.
        guard case .serviceSilent(let time, _) = refusal else { return end(refusal) }
        if case .inside = state { return end(refusal) }
        return end(.serviceSilent(time, isInside: false))
    }

    // MARK: The job

    private mutating func jobChanged() -> [Action] {
        switch state {
        case .waiting(let waiting): wait(waiting)
        case .inside where job.builder == nil: end(.builderEnded(job, loss: nil))
        case .determiningReason(let loss) where job.builder == nil: end(.builderEnded(job, loss: loss))
        case .determiningReason(let loss) where job.attached?.away == true: end(lost(loss))
        // The job can end before its whole log is shown: `logShown` will then find no builder.
        case .showingLog, .entering, .inside, .determiningReason, .over: []
        }
    }

    private mutating func wait(_ waiting: Waiting) -> [Action] {
        var waiting = waiting
        var actions: [Action] = []
        let notice: Notice
        switch (job.status, job.builder?.state) {
        case (.success, nil), (.failed, nil), (.timeout, nil), (.cancelled, nil): return end(.jobEnded(job))
        case (_, .kept), (.success, _), (.failed, _), (.timeout, _), (.cancelled, _),
            (_, .ready) where now:
            return enter(with: .none)
        case (_, .ready):
            state = .showingLog(.requested)
            return [.say(.stillRunning(job.id)), .claim] + (waiting.isWatched ? [] : [.watch]) + [.showLog]
        case (.pending, _), (.queued, _): notice = job.spokenWaiting.map(Notice.waits) ?? .queued(job.id)
        case (.running, _): notice = .booting(job.id)
        }
        if notice != waiting.said { actions.append(.wait(notice)) }
        waiting.said = notice
        if !waiting.isWatched { actions.append(.watch) }
        waiting.isWatched = true
        state = .waiting(waiting)
        return actions
    }

    private mutating func watchEnded(_ error: ServiceError?) -> [Action] {
        switch state {
        case .determiningReason:
            if let error, !error.isTransient { return handle(.reasonTimeout) }
            return []
        case .waiting, .showingLog:
            if let error {
                return end(
                    error.code == .notOffered ? .eventsNotOffered(job, mayEnter: true) : .service(error))
            }
            return job.status.isFinal ? [] : end(.eventsEnded(job))
        case .entering, .inside, .over: return []
        }
    }

    // MARK: Entering

    private mutating func enter(with claim: ClaimState) -> [Action] {
        guard let told = job.builder else { return end(.jobEnded(job)) }
        guard job.attached?.away != true else {
            return end(.machineAway(job.id, cause: "the service says so"))
        }
        switch claim {
        case .none:
            state = .entering(Entry(builder: told, claim: .requested))
            return [.claim, .connect(told)]
        case .requested:
            state = .entering(Entry(builder: told, claim: .requested))
            return [.connect(told)]
        case .held(let claim):
            // If the claim is for another builder, we go there.
            let builder = claim.builder.isSameMachine(as: told) ? told : claim.builder
            state = .entering(Entry(builder: builder, claim: .held(claim)))
            return [.connect(builder)]
        }
    }

    private mutating func claimed(_ claim: Claim) -> [Action] {
        switch state {
        case .showingLog:
            state = .showingLog(.held(claim))
            return []
        case .entering(var entry):
            entry.claim = .held(claim)
            if claim.builder.isSameMachine(as: entry.builder) { return authenticateIfPossible(entry) }
            // A claim is for one live builder. If it is not the one we knew, we go to the claim's.
            state = .entering(Entry(builder: claim.builder, claim: .held(claim)))
            return [.connect(claim.builder)]
        case .inside(var inside):
            guard claim.builder.isSameMachine(as: inside.builder) else {
                return end(.builderReplaced(job.id))
            }
            inside.claim = .held(claim)
            inside.hasSaidUnclaimed = false
            state = .inside(inside)
            return []
        case .waiting, .determiningReason, .over: return []
        }
    }

    private mutating func authenticateIfPossible(_ entry: Entry) -> [Action] {
        state = .entering(entry)
        guard entry.isConnected, case .held(let claim) = entry.claim else { return [] }
        return [.authenticate(claim)]
    }

    private mutating func notClaimed(_ error: ServiceError) -> [Action] {
        switch state {
        case .waiting, .showingLog, .entering:
            guard error.code != .sessionEnded else { return end(.sessionEnded(error)) }
            return end(.notClaimed(error, job.id, verb: kind.verb))
        case .inside(var inside):
            inside.claim = .none
            state = .inside(inside)
            // The next heartbeat asks again.
            return error.isTransient || error.code == .notReady
                ? sayUnclaimed(inside) : endedByTheService(error)
        case .determiningReason, .over: return []
        }
    }

    // MARK: Inside

    /// The service no longer knows the claim. Perhaps nobody could reach the service for a while: the session
    /// stays, and asks again.
    private mutating func heartbeatFailed(_ error: ServiceError) -> [Action] {
        switch error.code {
        case .claimEnded, .builderGone:
            if case .showingLog = state {
                // The job has probably ended: the end of its log says how.
                state = .showingLog(.none)
                return []
            }
            guard case .inside(var inside) = state else { break }
            if case .requested = inside.claim { return [] }
            inside.claim = .requested
            state = .inside(inside)
            return [.claim]
        case .notPermitted, .suspended, .termsChanged, .sessionEnded: break
        default: return []
        }
        if case .determiningReason = state { return [] }
        return endedByTheService(error)
    }

    private mutating func sayUnclaimed(_ inside: Inside) -> [Action] {
        guard !inside.hasSaidUnclaimed else { return [] }
        var inside = inside
        inside.hasSaidUnclaimed = true
        state = .inside(inside)
        return [.say(.unclaimed)]
    }

    private mutating func endedByTheService(_ error: ServiceError) -> [Action] {
        if [.notPermitted, .suspended, .termsChanged].contains(error.code) {
            return end(.sessionRevoked(error, job.id))
        }
        guard error.code != .sessionEnded else { return end(.sessionEnded(error)) }
        guard case .inside = state else { return end(.lost(.claim(error), job.id)) }
        return determineReason(of: .claim(error))
    }

    // MARK: The end

    /// Only the owner's logout says anything about the builder. A service can end it then, or leave that to them.
    private mutating func loggedOut(_ status: ExitStatus) -> [Action] {
        state = .over
        guard isOwner else { return [.finish(status, .done)] }
        return [job.logout == .ask ? .finishAndAsk(status) : .finish(status, .logout)]
    }

    private mutating func ended(_ ending: RemoteEnding) -> [Action] {
        switch ending {
        case .exited(let status):
            state = .over
            return [.finish(ExitStatus(status & 255), .done)]
        case .killed(let signal):
            state = .over
            // A shell that was killed is not a logout: the person can want to return.
            let reason = kind == .shell ? Claim.Reason.lost : .done
            guard let number = SignalName.number(signal) else {
                return [.refuse(.killedByUnnamedSignal(signal), reason)]
            }
            return [.finish(.signal(number), reason)]
        case .unknown: return determineReason(of: .channelClosed)
        }
    }

    private mutating func connectionFailed(_ error: SSHClientError) -> [Action] {
        switch state {
        case .inside: return determineReason(of: .connection(error))
        case .determiningReason, .over: return []
        case .waiting, .showingLog, .entering:
            // The service reports the end of the tasks and of the builder one after the other.
            if job.builder == nil, job.status.isFinal { return end(.jobEnded(job)) }
            // Where the process of an attached machine was, nobody answers.
            let isAway = job.attached != nil && [.unreachable, .lost].contains(error.code)
            return end(isAway ? .machineAway(job.id, cause: error.debugDescription) : .notConnected(error))
        }
    }

    /// Why a person is no longer inside, if the builder is alive as far as is known.
    private func lost(_ loss: Loss) -> Refusal {
        guard job.attached != nil, case .connection(let error) = loss, error.code == .lost else {
            return .lost(loss, job.id)
        }
        return .machineLost(job.id, cause: error.debugDescription)
    }

    /// The service reports the builder's end at the same time as it ends.
    private mutating func determineReason(of loss: Loss) -> [Action] {
        if case .determiningReason = state { return [] }
        guard job.builder != nil else { return end(.builderEnded(job, loss: loss)) }
        state = .determiningReason(loss)
        return [.determineReason]
    }
}

extension Claim.Kind {
    /// The verb for this kind of session.
    var verb: String { (self == .proxy ? ProxyCommand.manual : ConnectCommand.manual).name }
}

extension Job.Builder {
    /// Whether it has the same endpoint, user and host keys.
    fileprivate func isSameMachine(as other: Job.Builder) -> Bool {
        endpoint == other.endpoint && user == other.user && hostKeys == other.hostKeys
    }
}
