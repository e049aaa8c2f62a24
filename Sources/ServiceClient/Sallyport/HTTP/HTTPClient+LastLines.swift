import EventLoop

/// Looks for the last lines of a log at its end, so that the rest of it is not sent.
extension HTTPClient {
    /// - Parameters:
    ///   - path: of the log as it is now.
    ///   - size: how many bytes of its end to look at.
    package func lastLines(
        _ count: Int, at path: String, size: Int,
        _ answer: @escaping (Result<LastLines, ServiceError>) -> Void
    ) {
        var scan = LastLinesScan(count)
        let request = HTTPRequest(
            path: path, about: .log, headers: ["Range: bytes=-\(size)"], timeout: .seconds(60))
        send(request) {
            scan.read($0)
            return true
        } complete: { [weak self] result in
            do throws(ServiceError) {
                let response = try result.get()
                switch response.status {
                // The whole log: it is small, or the server does not support ranges.
                case 200: answer(.success(scan.result(from: 0) ?? .none))
                case 206:
                    guard let first = response.firstByte, size < 1 << 50 else {
                        throw ServiceError(
                            .malformedAnswer, detail: "\(path): not the range that was asked for")
                    }
                    guard let found = scan.result(from: first) else {
                        self?.lastLines(count, at: path, size: size * 4, answer)
                        return
                    }
                    answer(.success(found))
                // An empty log has no last byte; a service without logs says one of the others.
                case 404, 405, 416, 501: answer(.success(.none))
                default: throw ServiceError(response, about: .log)
                }
            } catch {
                answer(.failure(error))
            }
        }
    }
}
