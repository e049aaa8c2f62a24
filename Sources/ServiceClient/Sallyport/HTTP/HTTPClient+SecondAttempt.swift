import EventLoop

/// Repeats requests that failed for a reason that may soon pass.
extension HTTPClient {
    /// If the service asks for a longer pause than this, there is no second attempt.
    static let longestPause = Duration.seconds(5)
    /// The time for both attempts and the pause between them.
    private static let timeout = Duration.seconds(15)

    /// Sends a request. One that changes nothing is sent once more if the first attempt failed for a reason that may
    /// soon pass.
    package func sendPatiently(
        _ request: HTTPRequest, complete: @escaping (Result<HTTPResponse, ServiceError>) -> Void
    ) {
        let start = loop.now
        send(request) { [weak self] result in
            guard let self, request.method == "GET", let pause = Self.pause(after: result) else {
                return complete(result)
            }
            var again = request
            let rest = Self.timeout - self.loop.age(of: start) - pause
            again.timeout = request.timeout.map { min($0, rest) } ?? rest
            guard rest >= .seconds(1) else { return complete(result) }
            self.loop.timer(after: pause) { [weak self] in self?.send(again, complete: complete) }
        }
    }

    /// How long to wait for a second attempt; nil: there is no point in one. A person who has waited for an answer in
    /// vain has waited long enough.
    static func pause(after result: Result<HTTPResponse, ServiceError>) -> Duration? {
        let least = Duration.milliseconds(250)
        switch result {
        case .failure(let error):
            return [.unreachable, .hungUp, .brokenOff].contains(error.code) ? least : nil
        case .success(let response):
            guard [502, 503, 504].contains(response.status) else { return nil }
            let pause = response.retryAfter ?? least
            return pause <= longestPause ? max(pause, least) : nil
        }
    }
}
