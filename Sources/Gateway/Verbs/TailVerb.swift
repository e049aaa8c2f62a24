import AuthorizedKeys
import BuildAPI
import EventLoop
import Policy
import ServiceClient

/// `tail`: the logs of a job until it ends; the exit status says how.
final class TailVerb {
    private let session: GatewaySession
    private let permit: Permit
    private var follower: LogFollower?
    private var watch: (any ServiceStream)?
    private let ended: (Job) -> Void
    private var job: Job

    /// - Parameter ended: called with the job as it has ended, before the session does.
    init(
        _ permit: Permit, raw: Bool, in session: GatewaySession, ended: @escaping (Job) -> Void = { _ in }
    ) {
        self.ended = ended
        self.session = session
        self.permit = permit
        job = permit.job
        follower = LogFollower(permit, of: session.service, to: session.output, raw: raw) { [unowned self] in
            end($0)
        }
    }

    func start() {
        session.journal.note("tail job=\(job.id) person=\(permit.person.id) key=\(session.key.fingerprint)")
        if !job.status.isFinal {
            watch = session.service.watch(job.id, for: permit.person) { [unowned self] job in
                self.job = job
                follower?.update(job)
            } ended: { [unowned self] result in
                switch result {
                case .failure(let error): fail(error)
                case .success where !job.status.isFinal: interrupted()
                case .success: break
                }
            }
        }
        follower?.update(job)
    }

    private func end(_ result: Result<Void, ServiceError>) {
        switch result {
        case .success:
            ended(job)
            finish(job.status == .success ? .success : .jobFailed)
        case .failure(let error): fail(error)
        }
    }

    private func fail(_ error: ServiceError) {
        stop()
        session.refuse(GatewaySession.refusal(for: error))
    }

    /// The service has nothing more to tell, though the job has not ended: it is being stopped.
    private func interrupted() {
        stop()
        session.refuse(
            Refusal(
                .tryAgain, "The build service stopped telling about job \(job.id). Try again in a minute.",
                cause: "the event stream of job \(job.id) ended while it was \(job.status.rawValue)"))
    }

    private func finish(_ status: ExitStatus) {
        stop()
        session.journal.note("tail ended status=\(status) job is \(job.status.rawValue)")
        session.finish(status)
    }

    private func stop() {
        watch?.cancel()
        watch = nil
        follower?.stop()
    }
}
