import AuthorizedKeys
import BuildAPI
import EventLoop
import Policy
import Presentation
import ServiceClient
import ShownLogs

/// Shows the logs of a job until it ends; the session's exit status says how it ended.
final class LogSession: RunningCommand {
    let context: SessionContext
    private let permit: Permit
    private let raw: Bool
    private let lines: Int?
    private var search: LastLinesSearch?
    private var follower: LogFollower?
    private var watch: (any ServiceStream)?
    /// Whether the job had ended before: then there is nothing to show but its logs.
    private let hadEnded: Bool
    private var job: Job
    private var keeper: PermitKeeper?

    /// - Parameter lines: how many lines of what there is are shown; nil: all.
    init(_ permit: Permit, raw: Bool, lines: Int? = nil, in context: SessionContext) {
        self.raw = raw
        self.lines = lines
        self.context = context
        self.permit = permit
        job = permit.job
        hadEnded = permit.job.status.isFinal
    }

    func start() {
        context.journal.note("tail job=\(job.id) \(permit.person.record) key=\(context.key.fingerprint)")
        keeper = PermitKeeper(permit, .look, in: context) { [unowned self] in refuse($0) }
        if !job.status.isFinal {
            sayHowToEnter("To enter the machine, now or after a failure:", "connect --now \(job.id)")
            watch = context.service.watch(job.id, for: permit.person) { [unowned self] report in
                keeper?.take(report)
                guard case .job(let job) = report else { return }
                self.job = job
                follower?.update(job)
            } ended: { [unowned self] result in
                keeper?.watchEnded()
                switch result {
                case .failure(let error) where error.code == .notOffered:
                    refuse(.eventsNotOffered(job, mayEnter: permit.standing != .stranger))
                case .failure(let error): fail(error)
                case .success where !job.status.isFinal: eventsEnded()
                case .success: break
                }
            }
        }
        guard let lines else { return follow(from: LogStarts()) }
        search = LastLinesSearch(lines, permit, of: context.service) { [unowned self] result in
            switch result {
            case .success(let starts): follow(from: starts)
            case .failure(let error): fail(error)
            }
        }
        search?.start()
    }

    private func follow(from starts: LogStarts) {
        let follower = LogFollower(
            permit, of: context.service, to: context.output, raw: raw, from: starts
        ) { [unowned self] in end($0) }
        self.follower = follower
        // Elsewhere a message is on no line of the log, which can be a file.
        if context.output === context.errors {
            context.client.onMessage = { [weak follower] in follower?.breakLine() }
        }
        follower.update(job)
    }

    private func end(_ result: Result<Void, ServiceError>) {
        switch result {
        case .success:
            guard !job.hasNotRun else { return refuse(.jobEnded(job)) }
            if follower?.hasFoundLog == false {
                guard !hadEnded else { return refuse(.noLog(job.id)) }
                context.say(Refusal.noLog(job.id).message.text)
            }
            if job.builder != nil { sayHowToEnter("To enter the machine:", "connect \(job.id)") }
            finish(job.status == .success ? .success : .jobFailed)
        case .failure(let error): fail(error)
        }
    }

    /// The job's log cannot say it: others can read it who are not let in, and it is read when the builder is gone.
    private func sayHowToEnter(_ sentence: String, _ words: String) {
        guard permit.standing != .stranger else { return }
        context.say("\(sentence) \(context.commandLine(words, terminal: true))")
    }

    /// Its log says nothing about the build.
    private func refuse(_ refusal: Refusal) {
        stop()
        context.refuse(refusal)
    }

    private func fail(_ error: ServiceError) {
        refuse(.service(error))
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
        keeper?.stop()
        watch?.cancel()
        watch = nil
        search = nil
        follower?.stop()
    }
}
