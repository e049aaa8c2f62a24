/// One request, relative to the service's endpoint.
package struct HTTPRequest {
    package var method: String
    /// Path and query, percent-encoded, beginning with `/`.
    package var path: String
    /// The subject of the request, which an answer's status refers to.
    package var subject: Subject
    package var headers: [String]
    package var body: [UInt8]?
    /// A body that is sent in pieces, as they come; it cannot be sent twice.
    package var upload: (any ByteSource)?
    /// For a stream: the offset of the first byte that is wanted. What a server sends before it, because it does not
    /// support ranges, is dropped.
    package var firstByte = 0
    /// The media type that a successful answer must have; nil: any, or no content.
    package var expects: String?
    /// Whether the answer's date is wanted.
    package var wantsDate = false
    /// For the whole exchange; nil for a stream, which has no limit.
    package var timeout: Duration?

    package init(
        method: String = "GET", path: String, about subject: Subject = .other, headers: [String] = [],
        body: [UInt8]? = nil,
        expects: String? = nil, timeout: Duration? = .seconds(10)
    ) {
        self.method = method
        self.path = path
        self.subject = subject
        self.headers = headers
        self.body = body
        self.expects = expects
        self.timeout = timeout
    }
}

/// A complete answer.
package struct HTTPResponse {
    /// An answer with more bytes of body than this is refused.
    static let maximumSize = 1 << 20

    package var status: Int
    /// Without its parameters; empty if the answer has none.
    package var mediaType = ""
    /// When to ask the service again, if it says so.
    package var retryAfter: Duration?
    /// Last-Modified, in seconds since 1970.
    package var lastModified: Int64?
    /// Date, in seconds since 1970, if it was wanted.
    package var date: Int64?
    /// The offset of the first byte of the body, if the answer is a range that names it.
    package var firstByte: Int?
    package var body: [UInt8]

    package var isSuccess: Bool { (200..<300).contains(status) }
}
