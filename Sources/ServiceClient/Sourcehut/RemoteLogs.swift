import BuildAPI
import EventLoop
import FoundationEssentials
import ServiceClient

/// The worker's logs as it serves them over HTTP, under `/logs`.
final class RemoteLogs: WorkerLogs {
    private let client: HTTPClient
    private let loop: EventLoop
    private var order = TaskOrder()

    init(_ client: HTTPClient, on loop: EventLoop) {
        self.client = client
        self.loop = loop
    }

    /// The worker serves a folder as a page with a link for each entry, by name. A new task
    /// comes last; of several new tasks, the one whose log ended first comes first.
    func tasks(of job: JobID, _ answer: @escaping ([String]) -> Void) {
        client.send(HTTPRequest(path: "/logs/\(job)/")) { [weak self] result in
            guard let self else { return }
            var names: [String] = []
            if case .success(let response) = result, response.status == 200 {
                names = TaskFolders.names(in: response.body).filter { !self.order.isKnown($0, of: job) }
            }
            guard names.count > 1 else {
                answer(self.order.order(names, of: job))
                return
            }
            self.sortByEnd(names, of: job) { answer(self.order.order($0, of: job)) }
        }
    }

    private func sortByEnd(_ names: [String], of job: JobID, _ answer: @escaping ([String]) -> Void) {
        var ends: [(end: Int64, name: String)] = []
        for name in names {
            let request = HTTPRequest(path: "/logs/\(job)/\(name)/log", headers: ["Range: bytes=-1"])
            client.send(request) { result in
                ends.append(((try? result.get().lastModified) ?? .max, name))
                if ends.count == names.count { answer(ends.sorted { $0 < $1 }.map(\.name)) }
            }
        }
    }

    func end(of job: JobID, _ answer: @escaping (LogEnd?) -> Void) {
        let request = HTTPRequest(
            path: "/logs/\(job)/log", headers: ["Range: bytes=-\(LogEnd.length)"])
        client.send(request) { result in
            guard case .success(let response) = result, (200..<300).contains(response.status) else {
                answer(nil)
                return
            }
            let written = response.lastModified.map { Date(timeIntervalSince1970: Double($0)) }
            answer(LogEnd(response.body.suffix(LogEnd.length), of: job, lastWritten: written))
        }
    }

    func lastLines(
        _ count: Int, of log: String, of job: JobID,
        _ answer: @escaping (Result<LastLines, ServiceError>) -> Void
    ) {
        client.lastLines(count, at: path(of: log, of: job), size: LastLines.guess(for: count), answer)
    }

    func follow(
        _ log: String, of news: JobNews, from offset: Int,
        _ receive: @escaping (UnsafeRawBufferPointer) -> Bool,
        ended: @escaping (Result<Void, ServiceError>) -> Void
    ) -> any ServiceStream {
        RemoteLogStream(
            log, at: path(of: log, of: news.identifier), of: news, client, on: loop, from: offset, receive,
            ended: ended)
    }

    private func path(of log: String, of job: JobID) -> String {
        log == LogName.job ? "/logs/\(job)/log" : "/logs/\(job)/\(log.percentEncoded)/log"
    }

    func watch(_ job: JobID, _ changed: @escaping () -> Void) -> FolderWatch? { nil }
}
