import EventLoop

/// A long answer that is asked for again, from where it broke, when the connection breaks.
final class ResumingStream: ServiceStream {
    /// Waits between attempts; after the last of them without a byte the stream is given up.
    private static let pauses: [Duration] = [
        .milliseconds(100), .milliseconds(250), .milliseconds(500), .seconds(1), .seconds(2), .seconds(4),
        .seconds(8),
        .seconds(8),
    ]

    private let client: HTTPClient
    private let loop: EventLoop
    private let request: () -> HTTPRequest
    private let receive: (UnsafeRawBufferPointer) -> Bool
    private let ended: (Result<Void, ServiceError>) -> Void
    private var transfer: HTTPTransfer?
    private var failures = 0
    private var retry: Timer?
    private var isPaused = false

    /// - Parameter request: what to ask for now, given what has been received.
    init(
        _ client: HTTPClient, on loop: EventLoop, request: @escaping () -> HTTPRequest,
        receive: @escaping (UnsafeRawBufferPointer) -> Bool,
        ended: @escaping (Result<Void, ServiceError>) -> Void
    ) {
        self.client = client
        self.loop = loop
        self.request = request
        self.receive = receive
        self.ended = ended
        start()
    }

    deinit {
        cancel()
    }

    func cancel() {
        retry?.cancel()
        if let transfer { client.cancel(transfer) }
        transfer = nil
    }

    func resume() {
        guard isPaused else { return }
        isPaused = false
        transfer?.resume()
    }

    private func start() {
        transfer = client.send(request()) { [weak self] bytes in
            guard let self else { return true }
            self.failures = 0
            let isTaken = self.receive(bytes)
            self.isPaused = !isTaken
            return isTaken
        } complete: { [weak self] result in
            self?.complete(result)
        }
    }

    private func complete(_ result: Result<HTTPResponse, ServiceError>) {
        transfer = nil
        let error: ServiceError
        switch result {
        case .success(let response) where (200..<300).contains(response.status):
            ended(.success(()))
            return
        case .success(let response): error = SallyportService.refusal(response)
        case .failure(let failure): error = failure
        }
        guard error.isTransient, failures < Self.pauses.count else {
            ended(.failure(error))
            return
        }
        retry = loop.timer(after: Self.pauses[failures]) { [weak self] in self?.start() }
        failures += 1
    }
}
