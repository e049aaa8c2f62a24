import BuildAPI
import Policy
import ServiceClient

/// Finds where the last lines of a job's logs begin, in the order in which a ``LogFollower`` shows the logs: the job's
/// own, and then each task's.
///
/// It asks about one log after the other, from the last one back, until it has enough lines.
final class LastLinesSearch {
    private let service: any BuildService
    private let permit: Permit
    private let found: (Result<LogStarts, ServiceError>) -> Void
    private var missing: Int
    /// The logs that it has not asked about, the last one at the end; true: nothing more is written to it.
    private var logs: [(name: String, hasEnded: Bool)]
    private var starts = LogStarts()

    /// - Parameter count: how many lines are wanted.
    init(
        _ count: Int, _ permit: Permit, of service: any BuildService,
        found: @escaping (Result<LogStarts, ServiceError>) -> Void
    ) {
        self.service = service
        self.permit = permit
        self.found = found
        missing = count
        let job = permit.job
        logs = [(LogName.job, job.status.isFinal)]
        logs += job.tasks.filter { $0.status != .pending && $0.status != .skipped }
            .map { ($0.name, job.status.isFinal || $0.status != .running) }
    }

    func start() {
        guard let (log, hasEnded) = logs.popLast() else { return found(.success(starts)) }
        guard missing > 0 || !hasEnded else {
            starts.skipped.insert(log)
            return start()
        }
        service.lastLines(missing, of: log, of: permit.job, for: permit.person) { [weak self] result in
            guard let self else { return }
            switch result {
            case .success(let lines):
                self.starts.offsets[log] = lines.offset
                self.missing -= lines.count
                self.start()
            case .failure(let error): self.found(.failure(error))
            }
        }
    }
}
