/// An HTTP answer in its simplest form (RFC 9112): `HTTP/1.1`, a Content-Length, and that many bytes.
///
/// Everything else that HTTP permits is left to libcurl: chunks, folded lines, an answer before the answer (1xx), a
/// body that ends with the connection.
struct HTTPAnswer: Equatable {
    let status: Int
    /// As the service sent it; empty if it did not.
    let contentType: String
    let body: [UInt8]

    /// The most bytes of the head, and of the body: the largest key (`PublicKey`) and a comment fit into half of it.
    static let maximumSize = 64 << 10

    /// Parses the bytes that have arrived so far.
    ///
    /// - Returns: nil if the answer is incomplete.
    static func parse(_ bytes: [UInt8]) throws(SocketError) -> HTTPAnswer? {
        guard let headEnd = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else {
            guard bytes.count < maximumSize else { throw .unusual("an answer that is too large") }
            return nil
        }
        let lines = try lines(of: bytes[..<(headEnd.lowerBound + 2)])
        let status = try status(lines[0])
        var length: Int?
        var contentType: String?
        for line in lines.dropFirst() {
            let (name, value) = try field(line)
            switch name {
            case "content-length":
                guard length == nil, !value.isEmpty, value.allSatisfy({ ("0"..."9").contains($0) }),
                    let number = Int(value), number <= maximumSize
                else { throw .unusual("a length that is too large, or none") }
                length = number
            case "content-type":
                guard contentType == nil else { throw .unusual("two types of content") }
                contentType = value
            case "transfer-encoding", "content-encoding": throw .unusual("an encoded answer")
            default: break
            }
        }
        guard let length else { throw .unusual("an answer without its length") }
        let body = bytes[headEnd.upperBound...]
        guard body.count <= length else { throw .unusual("an answer longer than its length") }
        guard body.count == length else { return nil }
        return HTTPAnswer(status: status, contentType: contentType ?? "", body: Array(body))
    }

    /// The lines without the CRLF at the end of each: printable ASCII, and at least one.
    private static func lines(of head: ArraySlice<UInt8>) throws(SocketError) -> [String] {
        var lines: [String] = []
        for line in head.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast() {
            let text = line.dropLast()
            guard line.last == UInt8(ascii: "\r"),
                text.allSatisfy({ (0x20...0x7e).contains($0) || $0 == 0x09 })
            else { throw .unusual("a head that is not lines of ASCII") }
            lines.append(String(decoding: text, as: UTF8.self))
        }
        return lines
    }

    private static func status(_ line: String) throws(SocketError) -> Int {
        guard line.hasPrefix("HTTP/1.1 ") else { throw .unusual("not an answer of HTTP/1.1") }
        let words = line.dropFirst("HTTP/1.1 ".count)
        let digits = words.prefix(3)
        guard digits.count == 3, digits.allSatisfy({ ("0"..."9").contains($0) }), let status = Int(digits),
            (200...599).contains(status), [nil, " "].contains(words.dropFirst(3).first)
        else { throw .unusual("not a final status") }
        return status
    }

    /// The name in small letters, and the value without white space around it (RFC 9112, section 5).
    private static func field(_ line: String) throws(SocketError) -> (name: String, value: String) {
        guard let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")) else {
            throw .unusual("a damaged header field")
        }
        let name = line[..<colon]
        guard !name.isEmpty, !name.utf8.contains(where: { $0 == 0x20 || $0 == 0x09 }) else {
            throw .unusual("a damaged header field")
        }
        var value = line[line.utf8.index(after: colon)...]
        while value.first == " " || value.first == "\t" { value.removeFirst() }
        while value.last == " " || value.last == "\t" { value.removeLast() }
        return (name.lowercased(), String(value))
    }
}
