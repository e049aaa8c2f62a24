import BuildAPI
import EventLoop
import ServiceClient

/// Polls a log that the worker serves, from an offset and then from where it ended, until its job has ended and everything has been
/// read.
final class RemoteLogStream: ServiceStream {
    private static let pieceSize = 256 << 10
    /// The log is given up after this long without an answer.
    private static let timeout = Duration.seconds(60)

    private let log: String
    private let path: String
    private let news: JobNews
    private let client: HTTPClient
    private let loop: EventLoop
    private let receive: (UnsafeRawBufferPointer) -> Bool
    private let ended: (Result<Void, ServiceError>) -> Void
    private var transfer: HTTPTransfer?
    private var next: Timer?
    private var offset: Int
    /// Bytes that the receiver did not accept yet.
    private var pending: ArraySlice<UInt8> = []
    private var wasOver = false
    private var lastAnswer: Instant
    private var isDone = false

    init(
        _ log: String, at path: String, of news: JobNews, _ client: HTTPClient, on loop: EventLoop,
        from offset: Int, _ receive: @escaping (UnsafeRawBufferPointer) -> Bool,
        ended: @escaping (Result<Void, ServiceError>) -> Void
    ) {
        self.log = log
        self.path = path
        self.news = news
        self.client = client
        self.loop = loop
        self.offset = offset
        self.receive = receive
        self.ended = ended
        lastAnswer = loop.now
        ask(after: .zero)
    }

    deinit {
        cancel()
    }

    func cancel() {
        isDone = true
        next?.cancel()
        if let transfer { client.cancel(transfer) }
        transfer = nil
    }

    func resume() {
        guard !pending.isEmpty, !isDone else { return }
        deliver()
    }

    private func ask(after pause: Duration) {
        next = loop.timer(after: pause) { [weak self] in self?.ask() }
    }

    private func ask() {
        wasOver = news.isOver(log)
        // Ask for one known byte too: without it, a file that ends there would look like a file that has shrunk.
        let start = max(0, offset - 1)
        let range = "Range: bytes=\(start)-\(start + Self.pieceSize)"
        transfer = client.send(HTTPRequest(path: path, headers: [range])) { [weak self] result in
            self?.take(result, from: start)
        }
    }

    private func take(_ result: Result<HTTPResponse, ServiceError>, from start: Int) {
        transfer = nil
        do throws(ServiceError) {
            let response = try result.get()
            switch response.status {
            case 206: pending = response.body.dropFirst(offset - start)
            // This is the whole file: it is small, or the server does not support ranges.
            case 200: pending = response.body.dropFirst(offset)
            // It is shorter than before, so it has started again. An empty file has no first byte either.
            case 416 where offset > 0:
                offset = 0
                ask(after: .zero)
                return
            case 416, 404: break
            default: throw ServiceError(response, about: .other)
            }
            lastAnswer = loop.now
            deliver()
        } catch {
            guard error.isTransient, loop.age(of: lastAnswer) < Self.timeout else {
                finish(.failure(error))
                return
            }
            ask(after: SourcehutService.pollInterval)
        }
    }

    private func deliver() {
        guard !pending.isEmpty else {
            // There is nothing new. This is the end if the job had ended before the request.
            if wasOver { finish(.success(())) } else { ask(after: SourcehutService.pollInterval) }
            return
        }
        guard pending.withUnsafeBytes({ receive($0) }), !isDone else { return }
        offset += pending.count
        pending = []
        ask(after: .zero)
    }

    private func finish(_ result: Result<Void, ServiceError>) {
        cancel()
        ended(result)
    }
}
