import BuildService
import EventLoop
import Requests

/// Shows the logs of a job on a sink, from their first byte until the job has ended.
///
/// It is told about the job by whoever watches it: a task's log is opened when the task has started.
final class LogFollower {
    private let service: any BuildService
    private let job: JobID
    private let sink: OutputSink
    private let ended: (Result<Void, ServiceError>) -> Void
    private var writer: LogWriter
    private var streams: [String: any ServiceStream] = [:]
    private var opened: Set<String> = []
    private var isFinal = false
    private var hasEnded = false

    /// - Parameters:
    ///   - sink: while it is full nothing more is read from the service.
    ///   - ended: the job has ended and all its logs have been shown, or a log could not be read.
    init(
        _ job: JobID, of service: any BuildService, to sink: OutputSink, raw: Bool,
        ended: @escaping (Result<Void, ServiceError>) -> Void
    ) {
        self.job = job
        self.service = service
        self.sink = sink
        self.ended = ended
        writer = LogWriter(raw: raw)
        sink.onDrain = { [weak self] in self?.resume() }
        open(LogWriter.setUp)
    }

    deinit {
        stop()
    }

    /// The job has changed.
    func update(_ job: Job) {
        for task in job.tasks where task.status != .pending && task.status != .skipped { open(task.name) }
        isFinal = job.status.isFinal
        finishIfDone()
    }

    func stop() {
        hasEnded = true
        for stream in streams.values { stream.cancel() }
        streams = [:]
        sink.onDrain = nil
    }

    private func open(_ log: String) {
        guard !hasEnded, opened.insert(log).inserted else { return }
        streams[log] = service.followLog(log, of: job) { [weak self] bytes in
            guard let self, !self.hasEnded else { return true }
            guard !self.sink.isFull else { return false }
            self.sink.write(self.writer.print(bytes, of: log))
            return true
        } ended: { [weak self] result in
            self?.close(log, result)
        }
    }

    private func close(_ log: String, _ result: Result<Void, ServiceError>) {
        guard !hasEnded else { return }
        streams[log] = nil
        // A log that does not exist (any more) has ended.
        if case .failure(let error) = result, error.status != 404, error.status != 416 {
            finish(.failure(error))
        } else {
            finishIfDone()
        }
    }

    private func finishIfDone() {
        if isFinal, streams.isEmpty { finish(.success(())) }
    }

    private func finish(_ result: Result<Void, ServiceError>) {
        guard !hasEnded else { return }
        stop()
        sink.write(writer.finish())
        ended(result)
    }

    private func resume() {
        for stream in streams.values { stream.resume() }
    }
}
