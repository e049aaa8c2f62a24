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

    /// The pause before a lost stream of changes is opened again.
    private static let watchInterval = Duration.seconds(10)

    /// - Parameters:
    ///   - person: who has attached the machine; nil: nobody who is known. If its job is not theirs to see, only heartbeats tell of it.
    ///   - changed: called with the job, now and whenever it changes.
    init(
        _ attachment: Attachment, for person: Person?, _ service: any AttachmentService,
        _ folder: AttachmentFolder,
        in context: SessionContext, changed: @escaping (Job) -> Void
    ) {
        self.attachment = attachment
        self.service = service
        self.context = context
        self.changed = changed
        if case .person(let owner) = attachment.job.owner {
            self.person = owner
        } else {
            self.person = person ?? Person(id: attachment.job.owner.id, name: attachment.job.owner.name)
        }
        watch()
        do throws(AttachmentFolder.Failure) {
            logDoor = try ListeningSocket(
                at: folder.socket(Self.logSocket(of: attachment.job.id, for: context)), on: context.loop
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
        guard !log.isDropped else { return log.isComplete ? finishLog() : () }
        let isLast = log.isComplete
        isSending = true
        log.resume()
        service.appendLog(log, isLast: isLast, of: attachment) { [weak self, weak log] result in
            guard let self, let log else { return }
            isSending = false
            if case .failure(let error) = result {
                context.journal.warn(
                    "job=\(attachment.job.id) its log is not complete: \(error.debugDescription)")
                log.drop()
            }
            if isLast { return finishLog() }
            // Not before this answer has been dealt with.
            context.loop.timer(after: .zero) { [weak self, weak log] in
                guard let self, let log, log.hasNews else { return }
                send(log)
            }
        }
    }

    /// Lets `attach-log` end.
    private func finishLog() {
        context.loop.timer(after: .zero) { [weak self] in
            self?.log = nil
            self?.logStream = nil
        }
    }
}
