public import BuildAPI
public import ServiceClient

/// Finds where the last lines of a job's logs begin, in the order in which a ``LogFollower`` shows the logs: the job's
/// own, each task's, and, if the job has ended, the last line of its own.
///
/// It asks about one log after the other, from the last one back, until it has enough lines.
public final class LastLinesSearch {
    /// The most lines that can be wanted.
    public static let mostLines = 100_000

    private let service: any BuildService
    private let job: Job
    private let person: Person?
    private let found: (Result<LogStarts, ServiceError>) -> Void
    private var missing: Int
    /// The logs that it has not asked about, the last one at the end; true: nothing more is written to it.
    private var logs: [(name: String, hasEnded: Bool)]
    private var starts = LogStarts()
    /// Of an ended job's own log; nil: it has not been asked for.
    private var lastWord: LastLines?

    /// - Parameters:
    ///   - count: how many lines are wanted.
    ///   - person: who reads the logs; nil, for operators only: nobody in particular.
    public init(
        _ count: Int, _ job: Job, for person: Person?, of service: any BuildService,
        found: @escaping (Result<LogStarts, ServiceError>) -> Void
    ) {
        self.service = service
        self.job = job
        self.person = person
        self.found = found
        missing = count
        logs = [(LogName.job, job.status.isFinal)]
        logs += job.tasks.filter { $0.status != .pending && $0.status != .skipped }
            .map { ($0.name, job.status.isFinal || $0.status != .running) }
    }

    public func start() {
        guard job.status.isFinal, missing > 0 else { return next() }
        ask(about: LogName.job, 1) { [unowned self] in
            lastWord = $0
            missing -= $0.count
            next()
        }
    }

    private func next() {
        guard let (log, hasEnded) = logs.popLast() else { return found(.success(starts)) }
        let last = log == LogName.job ? lastWord : nil
        guard missing > 0 || !hasEnded else {
            if let last { starts.offsets[log] = last.offset } else { starts.skipped.insert(log) }
            return next()
        }
        ask(about: log, missing + (last?.count ?? 0)) { [unowned self] in
            starts.offsets[log] = $0.offset
            missing -= $0.count - (last?.count ?? 0)
            next()
        }
    }

    private func ask(about log: String, _ count: Int, then: @escaping (LastLines) -> Void) {
        service.lastLines(count, of: log, of: job, for: person) { [weak self] result in
            guard let self else { return }
            switch result {
            case .success(let lines): then(lines)
            case .failure(let error): self.found(.failure(error))
            }
        }
    }
}
