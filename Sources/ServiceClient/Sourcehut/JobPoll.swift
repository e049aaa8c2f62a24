import BuildAPI
import EventLoop
import ServiceClient

/// Polls a job every two seconds, and whenever its folder of logs changes, until it and its builder have
/// ended.
final class JobPoll: ServiceStream {
    /// The service is given up after this long without an answer.
    private static let timeout = Duration.seconds(60)

    /// Asks once; nil: there is no such job.
    typealias Question = (@escaping (Result<Job?, ServiceError>) -> Void) -> Void

    private let news: JobNews
    private let loop: EventLoop
    private let question: Question
    private let report: (JobReport) -> Void
    private let ended: (Result<Void, ServiceError>) -> Void
    private var next: Timer?
    private var told: Job?
    private var lastAnswer: Instant
    private var failure: ServiceError?
    private var isDone = false

    init(
        _ news: JobNews, on loop: EventLoop, asking question: @escaping Question,
        _ report: @escaping (JobReport) -> Void, ended: @escaping (Result<Void, ServiceError>) -> Void
    ) {
        self.news = news
        self.loop = loop
        self.question = question
        self.report = report
        self.ended = ended
        lastAnswer = loop.now
        told = news.job
        ask(after: told == nil ? .zero : SourcehutService.pollInterval)
    }

    deinit {
        cancel()
    }

    func cancel() {
        isDone = true
        next?.cancel()
    }

    func resume() {}

    /// Another task has begun.
    func update(tasks: [Job.Task]) {
        guard !isDone, var job = told, !job.status.isFinal, job.tasks != tasks else { return }
        job.tasks = tasks
        tell(job)
    }

    private func ask(after pause: Duration) {
        next = loop.timer(after: pause) { [weak self] in
            guard let self else { return }
            self.question { [weak self] in self?.take($0) }
        }
    }

    private func take(_ result: Result<Job?, ServiceError>) {
        guard !isDone else { return }
        switch result {
        case .success(let job?):
            lastAnswer = loop.now
            failure = nil
            tell(job)
            if isDone { return }
            if job.status.isFinal, job.builder == nil { return finish(.success(())) }
        case .success(nil):
            vanished()
            return
        case .failure(let error):
            guard error.isTransient, loop.age(of: lastAnswer) < Self.timeout else {
                return finish(.failure(error))
            }
            failure = error
        }
        ask(after: SourcehutService.pollInterval)
    }

    /// The worker forgets a job that has succeeded; it forgets others only when it restarts.
    private func vanished() {
        guard var job = told, !job.status.isFinal, failure == nil else {
            return finish(
                told == nil ? .failure(ServiceError(.noSuchJob, detail: "no such job")) : .success(()))
        }
        job.status = .success
        job.builder = nil
        tell(job)
        if !isDone { finish(.success(())) }
    }

    private func tell(_ job: Job) {
        defer { news.publish(job) }
        guard job != told else { return }
        told = job
        report(.job(job))
    }

    private func finish(_ result: Result<Void, ServiceError>) {
        cancel()
        ended(result)
    }
}
