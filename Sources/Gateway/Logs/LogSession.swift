import AuthorizedKeys
import BuildAPI
import EventLoop
import Policy
import Presentation
import ServiceClient

/// Shows the logs of a job until it ends; the session's exit status says how it ended.
final class LogSession: RunningCommand {
    let context: SessionContext
    private let permit: Permit
    private var follower: LogFollower?
    private var watch: (any ServiceStream)?
    private let ended: (Job) -> Void
    private var job: Job

    /// - Parameter ended: called with the ended job, before the session ends.
    init(
        _ permit: Permit, raw: Bool, in context: SessionContext, ended: @escaping (Job) -> Void = { _ in }
    ) {
        self.ended = ended
        self.context = context
        self.permit = permit
        job = permit.job
        follower = LogFollower(permit, of: context.service, to: context.output, raw: raw) { [unowned self] in
            end($0)
        }
    }

    func start() {
        context.journal.note("tail job=\(job.id) person=\(permit.person.id) key=\(context.key.fingerprint)")
        if !job.status.isFinal {
            watch = context.service.watch(job.id, for: permit.person) { [unowned self] job in
                self.job = job
                follower?.update(job)
            } ended: { [unowned self] result in
                switch result {
                case .failure(let error): fail(error)
                case .success where !job.status.isFinal: eventsEnded()
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
            guard !job.hasNotRun else { return refuse() }
            finish(job.status == .success ? .success : .jobFailed)
        case .failure(let error): fail(error)
        }
    }

    /// Its log has ended, but it says nothing about the build.
    private func refuse() {
        stop()
        context.refuse(.jobEnded(job))
    }

    private func fail(_ error: ServiceError) {
        stop()
        context.refuse(.service(error))
    }

    /// The service reports nothing more, though the job has not ended: it is being stopped.
    private func eventsEnded() {
        stop()
        context.refuse(.eventsEnded(job))
    }

    private func finish(_ status: ExitStatus) {
        stop()
        context.journal.note("tail ended status=\(status) job is \(job.status.rawValue)")
        context.finish(status)
    }

    private func stop() {
        watch?.cancel()
        watch = nil
        follower?.stop()
    }
}
