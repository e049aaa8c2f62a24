public import BuildAPI
public import EventLoop
public import ServiceClient

/// Shows the logs of a job on a sink until the job has ended.
///
/// Its owner reports changes of the job to it: a task's log is opened when the task has started and the previous
/// task's log has ended. The set-up log continues in parallel until the job ends; if the job has already ended, the
/// set-up log comes first, except for its last line, which says how the job ended, and comes last.
public final class LogFollower {
    private let service: any BuildService
    private let job: Job
    private let person: Person?
    private let sink: OutputSink
    private let ended: (Result<Void, ServiceError>) -> Void
    private var writer: LogWriter
    private var streams: [String: any ServiceStream] = [:]
    private let starts: LogStarts
    private var known: Set<String>
    /// Logs of tasks that have started, in their order, and have not been opened.
    private var waiting: [String] = []
    private var task: String?
    /// Nil: the set-up log goes on as it is written.
    private var lastWord: LastLine?
    private var isFinal = false
    /// Whether the service had any of the logs.
    public private(set) var hasFoundLog: Bool
    private var hasEnded = false

    /// - Parameters:
    ///   - person: who reads the logs; nil, for operators only: nobody in particular.
    ///   - sink: while it is full, nothing more is read from the service.
    ///   - starts: by default, the first byte of each log.
    ///   - ended: the job has ended and all its logs have been shown, or a log could not be read.
    public init(
        _ job: Job, for person: Person?, of service: any BuildService, to sink: OutputSink, raw: Bool,
        from starts: LogStarts = LogStarts(),
        ended: @escaping (Result<Void, ServiceError>) -> Void
    ) {
        self.job = job
        self.person = person
        self.service = service
        self.sink = sink
        self.starts = starts
        known = starts.skipped
        hasFoundLog = !starts.skipped.isEmpty
        self.ended = ended
        writer = LogWriter(raw: raw)
        lastWord = job.status.isFinal ? LastLine() : nil
        sink.onDrain = { [weak self] in self?.resume() }
        if !known.contains(LogName.job) { open(LogName.job) }
    }

    deinit {
        stop()
    }

    /// The job has changed.
    public func update(_ job: Job) {
        for task in job.tasks where task.status != .pending && task.status != .skipped {
            if known.insert(task.name).inserted { waiting.append(task.name) }
        }
        isFinal = job.status.isFinal
        openNext()
    }

    /// Ends the line that a log has begun: something else is printed now.
    public func breakLine() {
        sink.write(writer.breakLine())
    }

    public func stop() {
        guard !hasEnded else { return }
        hasEnded = true
        sink.write(writer.finish())
        for stream in streams.values { stream.cancel() }
        streams = [:]
        sink.onDrain = nil
    }

    private func openNext() {
        if task == nil, let next = waiting.first, !isFinal || streams[LogName.job] == nil {
            waiting.removeFirst()
            task = next
            open(next)
        }
        if isFinal, streams.isEmpty, waiting.isEmpty { finish(.success(())) }
    }

    private func open(_ log: String) {
        guard !hasEnded else { return }
        streams[log] = service.followLog(
            log, of: job, for: person, from: starts.offsets[log] ?? 0
        ) { [weak self] bytes in
            guard let self, !self.hasEnded else { return true }
            guard !self.sink.isFull else { return false }
            self.hasFoundLog = true
            if log == LogName.job, let shown = self.lastWord?.take(bytes) {
                self.print(shown, of: log)
            } else {
                self.sink.write(self.writer.print(bytes, of: log))
            }
            return true
        } ended: { [weak self] result in
            self?.close(log, result)
        }
    }

    private func close(_ log: String, _ result: Result<Void, ServiceError>) {
        guard !hasEnded else { return }
        streams[log] = nil
        if log == task { task = nil }
        switch result {
        // A log that does not exist, or no longer exists, has ended.
        case .failure(let error) where [.noSuchLog, .notOffered].contains(error.code): openNext()
        case .failure(let error): finish(.failure(error))
        case .success:
            hasFoundLog = true
            openNext()
        }
    }

    private func print(_ bytes: [UInt8], of log: String) {
        bytes.withUnsafeBytes { sink.write(writer.print($0, of: log)) }
    }

    private func finish(_ result: Result<Void, ServiceError>) {
        guard !hasEnded else { return }
        if let last = lastWord?.bytes, !last.isEmpty { print(last, of: LogName.job) }
        stop()
        ended(result)
    }

    private func resume() {
        for stream in streams.values { stream.resume() }
    }
}
