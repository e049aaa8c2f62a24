/// A long answer that is requested once: if the connection breaks, it has failed.
final class SingleStream: ServiceStream {
    private let client: HTTPClient
    private var transfer: HTTPTransfer?
    private var isPaused = false

    /// - Parameter receive: false pauses.
    init(
        _ request: HTTPRequest, _ client: HTTPClient,
        receive: @escaping (UnsafeRawBufferPointer) -> Bool,
        ended: @escaping (Result<Void, ServiceError>) -> Void
    ) {
        self.client = client
        transfer = client.send(request) { [weak self] bytes in
            let isTaken = receive(bytes)
            self?.isPaused = !isTaken
            return isTaken
        } complete: { [weak self] result in
            self?.transfer = nil
            ended(
                result.flatMap { response in
                    response.isSuccess
                        ? .success(()) : .failure(ServiceError(response, about: request.subject))
                })
        }
    }

    deinit {
        cancel()
    }

    func cancel() {
        if let transfer { client.cancel(transfer) }
        transfer = nil
    }

    func resume() {
        guard isPaused else { return }
        isPaused = false
        transfer?.resume()
    }
}
