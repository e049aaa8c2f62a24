import BuildAPI
import CCurl
import ServiceClient

/// Sends one request at a time, and keeps status, headers and bytes unchanged: libcurl's easy interface.
final class ServiceClient {
    /// No tested stream of events is longer than this, and no answer needs to be.
    static let mostBytes = 8 << 20

    private let endpoint: Endpoint
    private let token: String?
    private let authorities: String?
    /// All answers so far.
    private(set) var answers: [Answer] = []

    init(_ endpoint: Endpoint, token: String?, authorities: String?) {
        self.endpoint = endpoint
        self.token = token
        self.authorities = authorities
    }

    func get(
        _ path: String, headers: [String] = [], seconds: Int = 30,
        until isEnough: @escaping (Answer) -> Bool = { _ in false }
    ) -> Answer {
        send("GET", path, headers: headers, seconds: seconds, until: isEnough)
    }

    /// - Parameters:
    ///   - path: with its query, percent-encoded.
    ///   - seconds: for the whole exchange.
    ///   - isEnough: called after each part of the body; true ends the exchange.
    func send(
        _ method: String, _ path: String, headers: [String] = [], body: [UInt8]? = nil,
        seconds: Int = 30, until isEnough: @escaping (Answer) -> Bool = { _ in false }
    ) -> Answer {
        guard let easy = curl_easy_init() else { fatalError("curl_easy_init: out of memory") }
        let report = TransferReport(of: easy, to: endpoint)
        defer { withExtendedLifetime(report) { curl_easy_cleanup(easy) } }
        let exchange = Exchange("\(method) \(path)", isEnough)
        set(easy, method, path, seconds)
        if let body { _ = body.withUnsafeBytes { sp_easy_set_body(easy, $0.baseAddress, $0.count) } }
        var list = curl_slist_append(nil, "Expect:")
        defer { curl_slist_free_all(list) }
        for header in headers { list = curl_slist_append(list, header) }
        if let token { list = curl_slist_append(list, "Authorization: Bearer \(token)") }
        _ = sp_easy_set_pointer(easy, CURLOPT_HTTPHEADER, list)

        let context = Unmanaged.passUnretained(exchange).toOpaque()
        _ = sp_easy_set_pointer(easy, CURLOPT_HEADERDATA, context)
        _ = sp_easy_set_data_function(easy, CURLOPT_HEADERFUNCTION) { data, size, count, context in
            Unmanaged<Exchange>.fromOpaque(context!).takeUnretainedValue()
                .header(UnsafeRawBufferPointer(start: data, count: size * count))
            return size * count
        }
        _ = sp_easy_set_pointer(easy, CURLOPT_WRITEDATA, context)
        _ = sp_easy_set_data_function(easy, CURLOPT_WRITEFUNCTION) { data, size, count, context in
            let isWanted = Unmanaged<Exchange>.fromOpaque(context!).takeUnretainedValue()
                .write(UnsafeRawBufferPointer(start: data, count: size * count))
            return isWanted ? size * count : 0
        }
        let result = withExtendedLifetime(exchange) { curl_easy_perform(easy) }
        var answer = exchange.answer
        switch result {
        case CURLE_OK: answer.end = .complete
        case CURLE_WRITE_ERROR where exchange.isStopped: answer.end = .stopped
        case CURLE_OPERATION_TIMEDOUT: answer.end = .timedOut
        default: answer.end = .brokenOff
        }
        if result != CURLE_OK { answer.complaint = report.describe(result) }
        answers.append(answer)
        return answer
    }

    private func set(_ easy: UnsafeMutableRawPointer, _ method: String, _ path: String, _ seconds: Int) {
        _ = sp_easy_set_string(easy, CURLOPT_URL, endpoint.url(of: path))
        if case .socket(let path) = endpoint { _ = sp_easy_set_string(easy, CURLOPT_UNIX_SOCKET_PATH, path) }
        if let authorities { _ = sp_easy_set_string(easy, CURLOPT_CAINFO, authorities) }
        _ = sp_easy_set_string(easy, CURLOPT_PROTOCOLS_STR, "http,https")
        _ = sp_easy_set_string(easy, CURLOPT_PROXY, "")
        _ = sp_easy_set_string(easy, CURLOPT_USERAGENT, "sallyport-conformance")
        _ = sp_easy_set_long(easy, CURLOPT_NOSIGNAL, 1)
        _ = sp_easy_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, 5000)
        _ = sp_easy_set_long(easy, CURLOPT_TIMEOUT_MS, seconds * 1000)
        _ = sp_easy_set_string(easy, CURLOPT_CUSTOMREQUEST, method)
    }

    /// One exchange in progress.
    private final class Exchange {
        var answer: Answer
        var isStopped = false
        private let isEnough: (Answer) -> Bool
        private let start = ContinuousClock.now

        init(_ request: String, _ isEnough: @escaping (Answer) -> Bool) {
            answer = Answer(request: request)
            self.isEnough = isEnough
        }

        func header(_ bytes: UnsafeRawBufferPointer) {
            let line = String(decoding: bytes, as: UTF8.self)
            if line.hasPrefix("HTTP/") {
                // Discard an answer such as 100 Continue.
                answer.headers = [:]
                answer.status =
                    line.split(separator: " ").dropFirst().first.flatMap { Int($0.prefix(3)) } ?? 0
            } else if let colon = line.firstIndex(of: ":") {
                let value = line[line.index(after: colon)...].split(whereSeparator: \.isWhitespace)
                answer.headers[line[..<colon].lowercased()] = value.joined(separator: " ")
            }
        }

        /// - Returns: whether more is wanted.
        func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
            answer.firstByte = answer.firstByte ?? start.duration(to: .now)
            answer.body += bytes
            isStopped = isEnough(answer) || answer.body.count > ServiceClient.mostBytes
            return !isStopped
        }
    }
}
