/// The answer to one request, as received.
struct Answer {
    enum End {
        /// The body was complete.
        case complete
        /// Enough had been seen.
        case stopped
        case timedOut
        case brokenOff
    }

    /// Method and path, for the report.
    var request: String
    /// 0: no answer at all.
    var status = 0
    /// Names in lower case.
    var headers: [String: String] = [:]
    var body: [UInt8] = []
    /// When the first byte of the body came, after the request.
    var firstByte: Duration?
    var end = End.complete
    /// What went wrong with an incomplete answer.
    var complaint = ""

    var json: JSONValue? { JSONValue(body) }

    /// Without parameters, in lower case.
    var mediaType: String {
        let type = headers["content-type"]?.split(separator: ";").first.map(String.init) ?? ""
        return type.lowercased().filter { $0 != " " }
    }

    /// `GET /v1/jobs/1: 404`
    var summary: String { "\(request): \(status)" }
}
