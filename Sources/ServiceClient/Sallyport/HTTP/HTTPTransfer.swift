import BuildAPI
import CCurl

/// One exchange in progress: an easy handle of libcurl, and what happens to its answer.
package final class HTTPTransfer {
    let easy: UnsafeMutableRawPointer
    private var headers: UnsafeMutablePointer<curl_slist>?
    private let receive: ((UnsafeRawBufferPointer) -> Bool)?
    private var complete: ((Result<HTTPResponse, ServiceError>) -> Void)?
    private var body: [UInt8] = []
    private let expects: String?
    private let wantsDate: Bool
    private let upload: (any ByteSource)?
    private var isTooLarge = false
    /// How many bytes of the whole are not wanted, if the whole comes instead of a range.
    private var surplus: Int
    private let report: TransferReport
    private(set) var isCancelled = false

    /// - Parameters:
    ///   - receive: receives the body of a successful answer in pieces, which is then not collected; false pauses.
    init?(
        _ request: HTTPRequest, to endpoint: Endpoint, over transport: Transport,
        receive: ((UnsafeRawBufferPointer) -> Bool)?,
        complete: @escaping (Result<HTTPResponse, ServiceError>) -> Void
    ) {
        guard let easy = curl_easy_init() else { return nil }
        self.easy = easy
        self.receive = receive
        expects = request.expects
        wantsDate = request.wantsDate
        upload = request.upload
        surplus = request.firstByte
        report = TransferReport(of: easy, to: endpoint)
        self.complete = complete
        _ = sp_easy_set_string(easy, CURLOPT_URL, endpoint.url(of: request.path))
        // A name of two dots is an ordinary name.
        _ = sp_easy_set_long(easy, CURLOPT_PATH_AS_IS, 1)
        if case .socket(let path) = endpoint { _ = sp_easy_set_string(easy, CURLOPT_UNIX_SOCKET_PATH, path) }
        transport.prepare(easy, for: endpoint)
        _ = sp_easy_set_long(easy, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        _ = sp_easy_set_string(easy, CURLOPT_USERAGENT, "sallyport")
        _ = sp_easy_set_long(easy, CURLOPT_NOSIGNAL, 1)
        _ = sp_easy_set_long(easy, CURLOPT_FOLLOWLOCATION, 0)
        _ = sp_easy_set_long(easy, CURLOPT_FILETIME, 1)
        _ = sp_easy_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, 5000)
        if let timeout = request.timeout {
            _ = sp_easy_set_long(easy, CURLOPT_TIMEOUT_MS, Int(timeout / .milliseconds(1)))
        }
        _ = sp_easy_set_string(easy, CURLOPT_CUSTOMREQUEST, request.method)
        if let body = request.body {
            _ = body.withUnsafeBytes { sp_easy_set_body(easy, $0.baseAddress, $0.count) }
        }
        if upload != nil {
            _ = sp_easy_set_long(easy, CURLOPT_POST, 1)
            headers = curl_slist_append(headers, "Transfer-Encoding: chunked")
        }
        // Without this, libcurl asks before it sends more than a kilobyte, and waits.
        headers = curl_slist_append(headers, "Expect:")
        for header in request.headers { headers = curl_slist_append(headers, header) }
        if request.firstByte > 0 {
            headers = curl_slist_append(headers, "Range: bytes=\(request.firstByte)-")
        }
        if let type = request.expects {
            headers = curl_slist_append(headers, "Accept: \(type), \(MediaType.problem)")
        }
        // Not for a proxy.
        _ = sp_easy_set_long(easy, CURLOPT_HEADEROPT, Int(CURLHEADER_SEPARATE))
        if let session = transport.session {
            headers = curl_slist_append(headers, "\(SessionHeader.name): \(session)")
        }
        if let token = transport.token { headers = curl_slist_append(headers, token.authorization) }
        _ = sp_easy_set_pointer(easy, CURLOPT_HTTPHEADER, headers)

        let context = Unmanaged.passUnretained(self).toOpaque()
        _ = sp_easy_set_pointer(easy, CURLOPT_PRIVATE, context)
        _ = sp_easy_set_pointer(easy, CURLOPT_WRITEDATA, context)
        _ = sp_easy_set_data_function(easy, CURLOPT_WRITEFUNCTION) { data, size, count, context in
            guard let data, let context else { return 0 }
            return Unmanaged<HTTPTransfer>.fromOpaque(context).takeUnretainedValue()
                .write(UnsafeRawBufferPointer(start: data, count: size * count))
        }
        guard let upload else { return }
        _ = sp_easy_set_pointer(easy, CURLOPT_READDATA, context)
        _ = sp_easy_set_data_function(easy, CURLOPT_READFUNCTION) { data, size, count, context in
            guard let data, let context else { return Int(CURL_READFUNC_ABORT) }
            return Unmanaged<HTTPTransfer>.fromOpaque(context).takeUnretainedValue()
                .supply(UnsafeMutableRawBufferPointer(start: data, count: size * count))
        }
        upload.onMore = { [weak self] in self?.resume() }
    }

    deinit {
        curl_easy_cleanup(easy)
        curl_slist_free_all(headers)
    }

    /// The transfer that belongs to a handle from libcurl.
    static func behind(_ easy: UnsafeMutableRawPointer) -> HTTPTransfer? {
        var context: UnsafeMutableRawPointer?
        guard sp_easy_private(easy, &context) == CURLE_OK, let context else { return nil }
        return Unmanaged<HTTPTransfer>.fromOpaque(context).takeUnretainedValue()
    }

    /// After this, the transfer calls nobody.
    func cancel() {
        isCancelled = true
        complete = nil
    }

    func resume() {
        curl_easy_pause(easy, CURLPAUSE_CONT)
    }

    /// libcurl has finished this transfer.
    func finish(_ result: CURLcode) {
        guard let complete else { return }
        self.complete = nil
        guard result == CURLE_OK else {
            complete(.failure(error(for: result)))
            return
        }
        guard isAsExpected else {
            complete(.failure(wrongType))
            return
        }
        complete(
            .success(
                HTTPResponse(
                    status: status, mediaType: mediaType, retryAfter: retryAfter, lastModified: lastModified,
                    date: wantsDate ? date : nil, firstByte: firstByte, body: body)))
    }

    private var status: Int {
        var code = 0
        _ = sp_easy_response_code(easy, &code)
        return code
    }

    private var lastModified: Int64? {
        var seconds: curl_off_t = -1
        return sp_easy_file_time(easy, &seconds) == CURLE_OK && seconds >= 0 ? Int64(seconds) : nil
    }

    private var date: Int64? {
        let seconds = sp_easy_date(easy)
        return seconds >= 0 ? Int64(seconds) : nil
    }

    /// Content-Range is `bytes 100-199/1000`. No log has a petabyte.
    private var firstByte: Int? {
        guard let range = sp_easy_content_range(easy).map({ String(cString: $0) }), range.hasPrefix("bytes "),
            let first = Int(range.dropFirst(6).prefix { $0 != "-" }), (0..<1 << 50).contains(first)
        else { return nil }
        return first
    }

    private var mediaType: String {
        var type: UnsafePointer<CChar>?
        guard sp_easy_content_type(easy, &type) == CURLE_OK, let type else { return "" }
        return MediaType.essence(String(cString: type))
    }

    /// A pause of more than a day is ignored.
    private var retryAfter: Duration? {
        var seconds: curl_off_t = 0
        guard sp_easy_retry_after(easy, &seconds) == CURLE_OK, (1...86_400).contains(seconds) else {
            return nil
        }
        return .seconds(seconds)
    }

    private var isAsExpected: Bool {
        guard let expects, (200..<300).contains(status) else { return true }
        return mediaType == expects
    }

    private var wrongType: ServiceError {
        ServiceError(.malformedAnswer, detail: "HTTP \(status) with \(mediaType) instead of \(expects ?? "")")
    }

    private func supply(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        guard !isCancelled, let upload else { return Int(CURL_READFUNC_ABORT) }
        return upload.read(into: buffer) ?? Int(CURL_READFUNC_PAUSE)
    }

    private func write(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard !isCancelled, isAsExpected else { return 0 }
        if let receive, (200..<300).contains(status) {
            let dropped = status == 206 ? 0 : min(surplus, bytes.count)
            guard dropped == bytes.count || receive(UnsafeRawBufferPointer(rebasing: bytes[dropped...]))
            else {
                return Int(CURL_WRITEFUNC_PAUSE)
            }
            surplus -= dropped
            return bytes.count
        }
        guard body.count + bytes.count <= HTTPResponse.maximumSize else {
            isTooLarge = true
            return 0
        }
        body.append(contentsOf: bytes)
        return bytes.count
    }

    private func error(for result: CURLcode) -> ServiceError {
        if isTooLarge { return ServiceError(.malformedAnswer, detail: "an answer of more than 1 MB") }
        if result == CURLE_WRITE_ERROR, !isAsExpected { return wrongType }
        let detail = report.describe(result)
        switch result {
        case CURLE_OPERATION_TIMEDOUT: return ServiceError(.timedOut, detail: detail)
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY:
            return ServiceError(.malformedAnswer, detail: detail)
        case CURLE_GOT_NOTHING: return ServiceError(.hungUp, detail: detail)
        case CURLE_PARTIAL_FILE: return ServiceError(.brokenOff, detail: detail)
        case CURLE_SSL_CONNECT_ERROR: return ServiceError(.insecure, detail: detail)
        case CURLE_PEER_FAILED_VERIFICATION: return ServiceError(.untrusted(distrust), detail: detail)
        case CURLE_SSL_CACERT_BADFILE: return ServiceError(.untrusted(.authority), detail: detail)
        default: return ServiceError(.unreachable, detail: detail)
        }
    }

    /// libcurl checks the name before it asks for OpenSSL's verdict, which is 1 until then.
    private var distrust: ServiceError.Distrust {
        var verdict = 0
        _ = sp_easy_verify_result(easy, &verdict)
        // x509_vfy.h: not yet valid, has expired.
        return switch verdict {
        case 0, 1: .name
        case 9, 10: .time
        default: .authority
        }
    }
}
