import Synchronization

/// Notes what a service is asked and what it answers, and keeps everything that would change something from it: for whoever wants to
/// know what would happen.
package final class HTTPWitness: Sendable {
    /// A request and its answer.
    package struct Exchange: Equatable, Sendable {
        /// Path and query, percent-encoded.
        package let target: String
        /// Why there is no answer, or its status.
        package let outcome: String
        /// What has come, as text: hostile.
        package let body: String
    }

    private let noted = Mutex<[Exchange]>([])

    package init() {}

    /// In the order of the answers.
    package var exchanges: [Exchange] { noted.withLock(\.self) }

    /// Whether a request only asks.
    func lets(_ request: HTTPRequest) -> Bool {
        request.method == "GET" && request.body == nil && request.upload == nil
    }

    func note(_ request: HTTPRequest, _ result: Result<HTTPResponse, ServiceError>) {
        let exchange =
            switch result {
            case .success(let response):
                Exchange(
                    target: request.path, outcome: "\(response.status)",
                    body: String(decoding: response.body, as: UTF8.self))
            case .failure(let error):
                Exchange(
                    target: request.path, outcome: "\(error.description) (\(error.detail))", body: "")
            }
        noted.withLock { $0.append(exchange) }
    }
}
