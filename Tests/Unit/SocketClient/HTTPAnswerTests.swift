import Testing

@testable import SocketClient

/// What is read of an answer, and what is left to libcurl.
@Suite struct HTTPAnswerTests {
    private func parse(_ text: String) throws -> HTTPAnswer? { try HTTPAnswer.parse(Array(text.utf8)) }

    @Test func anAnswerIsReadWhenAllOfItIsThere() throws {
        let text = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\ncontent-length:\t2 \r\n\r\n{}"
        for count in 0..<text.utf8.count {
            #expect(try HTTPAnswer.parse(Array(text.utf8.prefix(count))) == nil)
        }
        let answer = HTTPAnswer(status: 200, contentType: "application/json", body: Array("{}".utf8))
        #expect(try parse(text) == answer)
    }

    @Test(arguments: [
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 404),
        ("HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n", 404),
        ("HTTP/1.1 503 \r\nX:\r\nContent-Length: 0\r\n\r\n", 503),
        ("HTTP/1.1 200 OK\r\nServer: a b: c\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", 200),
    ])
    func theReasonAndOtherFieldsSayNothing(text: String, status: Int) throws {
        #expect(try parse(text) == HTTPAnswer(status: status, contentType: "", body: []))
    }

    @Test(arguments: [
        // Not of this version, or not of this kind.
        "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/2 200\r\nContent-Length: 0\r\n\r\n",
        "\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n\r\n", "\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 +20 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 600 OK\r\nContent-Length: 0\r\n\r\n",
        // The end is not clear.
        "HTTP/1.1 200 OK\r\n\r\n{}", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\n{}", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0x2\r\n\r\n{}", "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{} ",
        // What it means is not clear.
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Type: a/b\r\nContent-Length: 0\r\n\r\n",
        // Lines that two readers could read in two ways.
        "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\nX: a\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\n: a\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: \u{e9}\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: \u{0}\r\nContent-Length: 0\r\n\r\n",
    ])
    func whatIsUnusualIsNotRead(text: String) {
        #expect(throws: SocketError.self) { try parse(text) }
    }

    @Test func whatDoesNotEndIsTooLarge() throws {
        let head = "HTTP/1.1 200 OK\r\nX: "
        #expect(try parse(head + String(repeating: "a", count: 60_000)) == nil)
        #expect(throws: SocketError.self) { try parse(head + String(repeating: "a", count: 65_536)) }
    }
}
