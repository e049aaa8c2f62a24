import AuthorizedKeys
import BuildAPI
import EventLoop
import FoundationEssentials
import Policy
import ServiceClient

/// Makes a session's claim, renews it with heartbeats, and releases it with a reason.
final class ClaimKeeper {
    enum Event {
        case claimed(Claim)
        case notClaimed(ServiceError)
        /// A heartbeat has been answered; nil: the claim is live.
        case heartbeat(ServiceError?)
        case deadline(Date?)
        /// The service has not renewed the claim for as long as its lease.
        case leaseRanOut
    }

    private let context: SessionContext
    private let permit: Permit
    private let kind: Claim.Kind
    private let reason: String?
    private let handler: (Event) -> Void
    private var claim: Claim?
    /// Set while the service has not answered yet.
    private var isClaiming = false
    private var heartbeat: Timer?
    private var lease: Timer?
    /// Whether the service shows the session among those in the job's builder, as far as is known.
    private var isShown = false
    /// Whether it has shown the session, and then no longer, before it has answered about the claim.
    private var hasVanished = false
    /// Set at the end: how to release a claim that arrives late.
    private var ending: (reason: Claim.Reason, then: () -> Void)?

    init(
        _ permit: Permit, kind: Claim.Kind, reason: String? = nil, in context: SessionContext,
        _ handler: @escaping (Event) -> Void
    ) {
        self.permit = permit
        self.kind = kind
        self.reason = reason
        self.context = context
        self.handler = handler
    }

    /// Requests a claim, or again one that the service has forgotten.
    func request() {
        isClaiming = true
        hasVanished = false
        let request = ClaimRequest(
            session: context.journal.session, kind: kind,
            person: ClaimRequest.Claimant(id: permit.person.id), keyFingerprint: context.key.fingerprint,
            key: context.key.line, from: context.environment.clientAddress,
            reason: reason)
        context.service.claim(permit.job.id, request) { [unowned self] result in
            isClaiming = false
            if case .success(let claim) = result {
                self.claim = claim
                if !hasVanished { isShown = true }
            }
            guard ending == nil else { return release() }
            switch result {
            case .success(let claim):
                renewed(for: claim.lease)
                beat(every: claim.lease)
                handler(.claimed(claim))
                if hasVanished { renew() }
            case .failure(let error): handler(.notClaimed(error))
            }
        }
    }

    /// Releases the claim, now or when it arrives, then calls `then`. If the service never answers, the lease runs out.
    func release(_ reason: Claim.Reason, then: @escaping () -> Void) {
        guard ending == nil else { return }
        heartbeat?.cancel()
        lease?.cancel()
        ending = (reason, then)
        if !isClaiming { release() }
    }

    private func release() {
        guard let ending else { return }
        guard let claim else { return ending.then() }
        context.service.release(claim, reason: ending.reason) { [context] result in
            if case .failure(let error) = result {
                context.journal.warn(
                    "claim \(claim.id) could not be released; its lease will run out: \(error.debugDescription)"
                )
            }
            ending.then()
        }
    }

    private func beat(every lease: UInt32) {
        heartbeat?.cancel()
        let pause = max(1000, Int(lease) * 1000 / 3)
        heartbeat = context.loop.timer(after: .milliseconds(pause)) { [unowned self] in
            renew()
            beat(every: lease)
        }
    }

    private func renew() {
        guard let claim, ending == nil else { return }
        context.service.heartbeat(claim) { [unowned self] result in
            guard ending == nil else { return }
            if case .success(let answer) = result {
                renewed(for: claim.lease)
                handler(.deadline(answer.deadline))
            }
            handler(.heartbeat(result.error))
        }
    }

    /// The job has changed. When the service does not show the session in it, or no longer, a heartbeat asks once, and at
    /// once, what has become of the claim.
    func jobChanged(_ job: Job) {
        let wasShown = isShown
        isShown = job.sessions.contains { $0.session == context.journal.session }
        guard wasShown, !isShown else { return }
        if isClaiming { hasVanished = true } else { renew() }
    }

    private func renewed(for seconds: UInt32) {
        lease?.cancel()
        guard context.service.hasLeases else { return }
        lease = context.loop.timer(after: .seconds(seconds)) { [unowned self] in handler(.leaseRanOut) }
    }
}

extension Result {
    var error: Failure? {
        if case .failure(let error) = self { error } else { nil }
    }
}
