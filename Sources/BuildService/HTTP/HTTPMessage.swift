/// One request, relative to the service's endpoint.
struct HTTPRequest {
    var method = "GET"
    /// Path and query, percent-encoded, beginning with `/`.
    var path: String
    var headers: [String] = []
    var body: [UInt8]?
    /// The media type that a successful answer must have; nil: any, or no content.
    var expects: String?
    /// For the whole exchange; nil for a stream, which lasts as long as it lasts.
    var timeout: Duration? = .seconds(10)
}

/// A complete answer.
struct HTTPResponse {
    /// Bytes of body above which an answer is refused.
    static let maximumSize = 1 << 20

    var status: Int
    /// Without its parameters; empty when the answer names none.
    var mediaType = ""
    /// When the service wants to be asked again.
    var retryAfter: Duration?
    /// Last-Modified, in seconds since 1970.
    var lastModified: Int64?
    var body: [UInt8]
}

extension String {
    /// The text as one segment of a path or one value of a query (RFC 3986, unreserved characters as they are).
    package var percentEncoded: String {
        var encoded = ""
        for byte in utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                encoded += byte < 16 ? "%0" : "%"
                encoded += String(byte, radix: 16, uppercase: true)
            }
        }
        return encoded
    }
}
