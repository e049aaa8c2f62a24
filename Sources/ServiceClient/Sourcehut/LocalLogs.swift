import BuildAPI
import EventLoop
import FoundationEssentials
import Glibc
import ServiceClient

/// The worker's logs, if the gateway can read the worker's disk.
final class LocalLogs: WorkerLogs {
    private let folder: String
    private let changes: FolderChanges
    private let loop: EventLoop
    private var order = TaskOrder()

    init(folder: String, on loop: EventLoop) {
        self.folder = folder
        self.loop = loop
        changes = FolderChanges(on: loop)
    }

    func tasks(of job: JobID, _ answer: @escaping ([String]) -> Void) {
        answer(tasks(of: job))
    }

    /// The worker makes a task's folder, and the log in it, when the task begins.
    func tasks(of job: JobID) -> [String] {
        var found: [(name: String, made: timespec)] = []
        for name in SessionFiles.names(in: "\(folder)/\(job)") ?? []
        where TaskName.isValid(name) && !order.isKnown(name, of: job) {
            var status = stat()
            guard lstat("\(folder)/\(job)/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
                continue
            }
            found.append((name, status.st_mtim))
        }
        found.sort {
            ($0.made.tv_sec, $0.made.tv_nsec, $0.name) < ($1.made.tv_sec, $1.made.tv_nsec, $1.name)
        }
        return order.order(found.map(\.name), of: job)
    }

    func end(of job: JobID, _ answer: @escaping (LogEnd?) -> Void) {
        answer(end(of: job))
    }

    private func end(of job: JobID) -> LogEnd? {
        let file = open("\(folder)/\(job)/log", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        var buffer = [UInt8](repeating: 0, count: LogEnd.length)
        let count = pread(file, &buffer, buffer.count, max(0, status.st_size - LogEnd.length))
        guard count >= 0 else { return nil }
        return LogEnd(
            buffer[..<count], of: job,
            lastWritten: Date(timeIntervalSince1970: Double(status.st_mtim.tv_sec)))
    }

    func lastLines(
        _ count: Int, of log: String, of job: JobID,
        _ answer: @escaping (Result<LastLines, ServiceError>) -> Void
    ) {
        let file = LocalLogStream.open(log == LogName.job ? "\(folder)/\(job)" : "\(folder)/\(job)/\(log)")
        let found = file.map { $0.map { LocalLogEnd.lastLines(count, of: $0) } ?? .none }
        if case .success(let file?) = file { close(file) }
        loop.timer(after: .zero) { answer(found) }
    }

    func follow(
        _ log: String, of news: JobNews, from offset: Int,
        _ receive: @escaping (UnsafeRawBufferPointer) -> Bool,
        ended: @escaping (Result<Void, ServiceError>) -> Void
    ) -> any ServiceStream {
        let job = "\(folder)/\(news.identifier)"
        return LocalLogStream(
            log, in: log == LogName.job ? job : "\(job)/\(log)", of: news, changes, on: loop,
            from: offset, receive, ended: ended)
    }

    func watch(_ job: JobID, _ changed: @escaping () -> Void) -> FolderWatch? {
        changes.watch("\(folder)/\(job)", changed)
    }
}
