import BuildAPI
import EventLoop

/// A long answer. If the connection breaks, it is requested again from where it broke, except where the service names a
/// limit that has been reached: only the person can do something about it.
final class ResumingStream: ServiceStream {
    /// What the service promises about a silent stream.
    enum Pulse {
        /// Nothing: a log can be silent for hours.
        case none
        /// A byte at once, and then at least every 15 seconds.
        case regular
    }

    /// The pauses between attempts; the last one repeats.
    private static let pauses: [Duration] = [
        .milliseconds(100), .milliseconds(250), .milliseconds(500), .seconds(1), .seconds(2), .seconds(4),
    ]
    private let client: HTTPClient
    private let loop: EventLoop
    private let pulse: Pulse
    private let timeout: Duration
    private let request: () -> HTTPRequest
    private let receive: (UnsafeRawBufferPointer) throws(ServiceError) -> Bool
    private let ended: (Result<Void, ServiceError>) -> Void
    private var transfer: HTTPTransfer?
    /// The subject of the last request.
    private var subject = Subject.other
    private var failures = 0
    private var retry: Timer?
    private var silence: Timer?
    private var lastSign: Instant
    private var attempt: Instant
    private var hasBegun = false
    private var isPaused = false

    /// - Parameters:
    ///   - timeout: the stream is given up after this long without a sign of life.
    ///   - request: the next request, given what has been received.
    ///   - receive: false pauses; an error ends the stream for good.
    init(
        _ client: HTTPClient, on loop: EventLoop, pulse: Pulse, timeout: Duration = .seconds(60),
        request: @escaping () -> HTTPRequest,
        receive: @escaping (UnsafeRawBufferPointer) throws(ServiceError) -> Bool,
        ended: @escaping (Result<Void, ServiceError>) -> Void
    ) {
        self.client = client
        self.loop = loop
        self.pulse = pulse
        self.timeout = timeout
        self.request = request
        self.receive = receive
        self.ended = ended
        lastSign = loop.now
        attempt = loop.now
        start()
    }

    deinit {
        cancel()
    }

    func cancel() {
        retry?.cancel()
        silence?.cancel()
        if let transfer { client.cancel(transfer) }
        transfer = nil
    }

    func resume() {
        guard isPaused else { return }
        isPaused = false
        transfer?.resume()
    }

    private func start() {
        hasBegun = false
        attempt = loop.now
        let request = request()
        subject = request.subject
        transfer = client.send(request) { [weak self] bytes in
            guard let self else { return true }
            self.failures = 0
            self.hasBegun = true
            self.lastSign = self.loop.now
            do throws(ServiceError) {
                self.isPaused = try !self.receive(bytes)
            } catch {
                self.giveUp(error)
            }
            return !self.isPaused
        } complete: { [weak self] result in
            self?.complete(result)
        }
        if pulse == .regular { watch() }
    }

    /// Closes a dead connection.
    private func watch() {
        let limit: Duration = hasBegun ? .seconds(40) : .seconds(10)
        let rest = limit - loop.age(of: hasBegun ? lastSign : attempt)
        guard rest > .zero || isPaused else {
            if let transfer { client.cancel(transfer) }
            complete(.failure(ServiceError(.timedOut, detail: "no sign of life for \(limit)")))
            return
        }
        silence = loop.timer(after: max(rest, .seconds(1))) { [weak self] in self?.watch() }
    }

    private func giveUp(_ error: ServiceError) {
        guard let transfer else { return }
        client.cancel(transfer)
        self.transfer = nil
        silence?.cancel()
        // Not at once, because libcurl is calling; until then the stream can still be cancelled.
        retry = loop.timer(after: .zero) { [ended] in ended(.failure(error)) }
    }

    private func complete(_ result: Result<HTTPResponse, ServiceError>) {
        transfer = nil
        silence?.cancel()
        let error: ServiceError
        switch result {
        case .success(let response) where response.isSuccess:
            ended(.success(()))
            return
        case .success(let response): error = ServiceError(response, about: subject)
        case .failure(let failure): error = failure
        }
        // A log can be silent for hours, so a connection that lasted this long was a sign of life too.
        if pulse == .none, loop.age(of: attempt) >= timeout { lastSign = loop.now }
        let pause = max(Self.pauses[min(failures, Self.pauses.count - 1)], error.retryAfter ?? .zero)
        guard error.isTransient, !error.namesQuota, loop.age(of: lastSign) < timeout, pause < timeout else {
            ended(.failure(error))
            return
        }
        retry = loop.timer(after: pause) { [weak self] in self?.start() }
        failures += 1
    }
}
