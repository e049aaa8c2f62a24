import AuthorizedKeys
import BuildAPI
import ConfigurationFile
import Glibc
import TestSupport
import Testing

@testable import SocketClient

/// One question to a service on a Unix socket.
@Suite struct SocketServiceTests {
    private static let json =
        #"{"fingerprint":"SHA256:a","type":"ssh-ed25519","key":"AAAA","comment":"","owner":{"id":"1","name":"a"},"suspended":false}"#
    private static let second: Int64 = 1_000_000_000

    private static func answer(_ status: String, _ type: String, _ body: String) -> String {
        "HTTP/1.1 \(status)\r\nContent-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    private func ask(_ socket: String, within nanoseconds: Int64 = 10 * second) throws -> String? {
        let key = try PublicKey(type: "ssh-x", base64: "AAAABXNzaC14AAAAAA==")
        let service = try #require(SocketService(Configuration.Service(url: "unix:\(socket)")))
        return try service.fingerprint(of: key, within: nanoseconds)
    }

    private func ask(about text: String) throws -> String? {
        let service = try RawService { connection, _ in
            RawService.write(text, to: connection)
            RawService.readToEnd(of: connection)
        }
        return try ask(service.socket)
    }

    @Test(arguments: ["application/json", "application/json; charset=utf-8"])
    func aKeyThatTheServiceKnowsIsSomeones(type: String) throws {
        #expect(try ask(about: Self.answer("200 OK", type, Self.json)) == "SHA256:a")
    }

    @Test func aKeyThatTheServiceDoesNotKnowIsNobodys() throws {
        #expect(try ask(about: Self.answer("404 Not Found", "application/problem+json", "{}")) == nil)
    }

    /// The answer need not come at once, nor in one piece.
    @Test func anAnswerInPiecesIsWhole() throws {
        let service = try RawService { connection, _ in
            let bytes = Array(Self.answer("200 OK", "application/json", Self.json).utf8)
            for start in stride(from: 0, to: bytes.count, by: 50) {
                let piece = String(decoding: bytes[start..<min(start + 50, bytes.count)], as: UTF8.self)
                RawService.write(piece, to: connection)
                usleep(1000)
            }
        }
        #expect(try ask(service.socket) == "SHA256:a")
    }

    @Test(arguments: [
        "", "HTTP/1.1 200 OK\r\n", "not HTTP\r\n\r\n", answer("200 OK", "text/html", json),
        answer("200 OK", "application/json", "{}"), answer("200 OK", "application/json", json + "x"),
        answer("201 Created", "application/json", json), answer("302 Found", "text/plain", ""),
        answer("401 Unauthorized", "application/problem+json", "{}"),
        answer("503 Service Unavailable", "application/problem+json", "{}"),
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ])
    func whatIsUnusualIsForSomeoneElse(text: String) throws {
        let error = try #require(throws: SocketError.self) { try ask(about: text) }
        guard case .unusual = error else {
            Issue.record("\(error)")
            return
        }
    }

    @Test func anEndlessAnswerIsUnusual() throws {
        let service = try RawService(head: "HTTP/1.1 200 OK\r\n", endlessly: "X: a\r\n")
        #expect(throws: SocketError.unusual("an answer that is too large")) { try ask(service.socket) }
    }

    @Test(arguments: ["/nonexistent/socket", "/etc/passwd", "/" + String(repeating: "a", count: 200)])
    func whereNobodyListensSomeoneElseAsks(path: String) throws {
        let error = try #require(throws: SocketError.self) { try ask(path) }
        #expect(error != .late)
    }

    /// What has come meanwhile does not give it more time.
    @Test(arguments: ["", "HTTP/1.1 200 OK\r\n"])
    func whoHangsIsNotWaitedForLonger(text: String) throws {
        let service = try RawService { connection, _ in
            for _ in 0..<50 where RawService.write(text, to: connection) { usleep(100_000) }
        }
        let start = ContinuousClock.now
        #expect(throws: SocketError.late) { try ask(service.socket, within: Self.second / 2) }
        #expect(start.duration(to: .now) < .seconds(4))
        #expect(throws: SocketError.late) { try ask(service.socket, within: 0) }
    }

    /// Only where nothing but the kernel says who asks.
    @Test func otherServicesAreForSomeoneElse() {
        func service(
            _ url: String, _ change: (inout Configuration.Service) -> Void = { _ in }
        ) -> SocketService? {
            var service = Configuration.Service(url: url)
            change(&service)
            return SocketService(service)
        }
        #expect(service("unix:/run/api.sock") != nil)
        #expect(service("unix:/run/api.sock") { $0.tokenFile = "/the/account's" } != nil)
        #expect(service("https://localhost") == nil)
        #expect(service("http://127.0.0.1") == nil)
        #expect(service("") == nil)
        #expect(service("unix:/run/api.sock") { $0.kind = .sourcehut } == nil)
        #expect(service("unix:/run/api.sock") { $0.keyTokenFile = "/a" } == nil)
        #expect(service("unix:/run/api.sock") { $0.authorities = "/a" } == nil)
    }
}
