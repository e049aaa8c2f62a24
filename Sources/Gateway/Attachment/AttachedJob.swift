import BuildAPI
import EventLoop
import FoundationEssentials
import Glibc
import ServiceClient

/// What a machine's process has to do with its job at the service: it watches it, and sends its log.
final class AttachedJob {
    private let attachment: Attachment
    private let person: Person
    private let service: any AttachmentService
    private let context: SessionContext
    private let changed: (Job) -> Void
    private var stream: (any ServiceStream)?
    private var logDoor: ListeningSocket?
    private var logStream: IncomingStream?
    private var log: AttachedLog?
    /// Whether a request with a part of the log is under way.
    private var isSending = false
    private var isStopped = false
    private let endPause: Duration

    /// The pause before a lost stream of changes is opened again.
    private static let watchInterval = Duration.seconds(10)
    /// The pause between the end of file and the end of the log. A lost connection ends `attach-log` as well as the control
    /// line, within milliseconds, in whatever order; then the log has not ended.
    static let endPause = Duration.seconds(1)

    /// - Parameters:
    ///   - person: who has attached the machine; nil: nobody who is known. If its job is not theirs to see, only heartbeats tell of it.
    ///   - changed: called with the job, now and whenever it changes.
    init(
        _ attachment: Attachment, for person: Person?, _ service: any AttachmentService,
        _ folder: AttachmentFolder,
        in context: SessionContext, endPause: Duration = AttachedJob.endPause,
        changed: @escaping (Job) -> Void
    ) {
        self.attachment = attachment
        self.service = service
        self.context = context
        self.changed = changed
        self.endPause = endPause
        let owner = attachment.job.owner
        self.person = owner.person ?? person ?? owner.representative
        watch()
        do throws(AttachmentFolder.Failure) {
            // The process of a connection that was lost, of which the gateway knows nothing yet, can have it.
            logDoor = try ListeningSocket(
                at: folder.socket(Self.logSocket(of: attachment.job.id, for: context)), takingOver: true,
                on: context.loop
            ) { [unowned self] in come($0) }
        } catch {
            context.journal.warn("attach: no log can come: \(error.cause)")
        }
    }

    func stop() {
        isStopped = true
        stream?.cancel()
        (stream, logDoor) = (nil, nil)
    }

    /// The name of the socket on which a job's log is expected, from a session with the same key.
    static func logSocket(of job: JobID, for context: SessionContext) -> String {
        AttachmentFolder.name("log \(job)", for: context.key)
    }

    private func watch() {
        guard !isStopped else { return }
        stream = context.service.watch(attachment.job.id, for: person) { [unowned self] report in
            if case .job(let job) = report, !isStopped { changed(job) }
        } ended: { [unowned self] result in
            stream = nil
            guard !isStopped, result.error?.isTransient ?? true else { return }
            context.loop.timer(after: Self.watchInterval) { [weak self] in self?.watch() }
        }
    }

    // MARK: The log

    /// One at a time.
    private func come(_ descriptor: CInt) {
        guard logStream == nil else {
            close(descriptor)
            return
        }
        logStream = IncomingStream(descriptor, on: context.loop) { [unowned self] in
            send()
        } ended: { [unowned self] in
            context.loop.timer(after: .zero) { [weak self] in self?.logStream = nil }
        }
    }

    private func send() {
        guard let pair = logStream?.take() else { return }
        let log = AttachedLog(pair, on: context.loop)
        self.log = log
        log.onNews = { [unowned self, unowned log] in send(log) }
    }

    /// One request; the next one is sent after it, when there is something for it.
    private func send(_ log: AttachedLog) {
        guard !isSending else { return }
        guard !log.isComplete else { return finish(log) }
        guard !log.isDropped else { return }
        isSending = true
        log.resume()
        service.appendLog(log, isLast: false, of: attachment) { [weak self, weak log] result in
            guard let self else { return }
            isSending = false
            if case .failure(let error) = result {
                warn(error)
                log?.drop()
            }
            // Not before this answer has been dealt with.
            context.loop.timer(after: .zero) { [weak self] in
                guard let self, let log = self.log, log.hasNews else { return }
                send(log)
            }
        }
    }

    /// Lets `attach-log` end, and then the log.
    private func finish(_ log: AttachedLog) {
        guard self.log === log else { return }
        self.log = nil
        // This can be in the middle of what it does.
        context.loop.timer(after: .zero) { [weak self] in withExtendedLifetime(log) { self?.logStream = nil }
        }
        guard !log.isDropped else { return }
        context.loop.timer(after: endPause) { [weak self] in self?.end() }
    }

    /// Unless it goes on: the connection is lost, and the machine can come back; or another `attach-log` has come.
    private func end() {
        guard !isStopped, !isSending, log == nil, logStream == nil else { return }
        isSending = true
        service.appendLog(NoBytes(), isLast: true, of: attachment) { [weak self] result in
            self?.isSending = false
            if case .failure(let error) = result { self?.warn(error) }
        }
    }

    private func warn(_ error: ServiceError) {
        context.journal.warn(
            "job=\(attachment.job.id) its log is not complete: \(error.debugDescription)")
    }

    private final class NoBytes: ByteSource {
        var onMore: () -> Void = {}
        func read(into buffer: UnsafeMutableRawBufferPointer) -> Int? { 0 }
    }
}
