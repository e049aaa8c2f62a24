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
    /// Whether the job had ended before: then there is nothing to show but its logs.
    private let hadEnded: Bool
    private var job: Job

    /// - Parameter ended: called with the ended job, before the session ends.
    init(
        _ permit: Permit, raw: Bool, in context: SessionContext, ended: @escaping (Job) -> Void = { _ in }
    ) {
        self.ended = ended
        self.context = context
        self.permit = permit
        job = permit.job
        hadEnded = permit.job.status.isFinal
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
            guard !job.hasNotRun else { return refuse(.jobEnded(job)) }
            if follower?.hasFoundLog == false {
                guard !hadEnded else { return refuse(.noLog(job.id)) }
                context.say(Refusal.noLog(job.id).message.text)
            }
            finish(job.status == .success ? .success : .jobFailed)
        case .failure(let error): fail(error)
        }
    }

    /// Its log says nothing about the build.
    private func refuse(_ refusal: Refusal) {
        stop()
        context.refuse(refusal)
    }

    private func fail(_ error: ServiceError) {
        refuse(error.code == .notOffered ? .eventsNotOffered(job) : .service(error))
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
