import EventLoop
import TestSupport
import Testing

@testable import BuildAPI
@testable import ServiceClient

/// A log that is silent for a long time, and whose connection then breaks.
@Suite struct ResumingStreamTests {
    private static let patience = Duration.milliseconds(200)
    private static let head = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"

    @Test func aQuietLogWhoseConnectionBreaksGoesOn() throws {
        let service = try RawService { connection, number in
            RawService.write(Self.head + (number == 0 ? "ab" : "cdef"), to: connection)
            if number == 0 { RawService.keepSilent(connection, for: Self.patience * 3) }
        }
        let (received, attempts, end) = follow(service)
        #expect(received == "abcdef")
        #expect(attempts == 2)
        #expect(throws: Never.self) { try end?.get() }
        #expect(end != nil)
    }

    @Test func aServiceThatBreaksEveryConnectionIsGivenUp() throws {
        let service = try RawService { connection, number in
            if number == 0 { RawService.write(Self.head + "ab", to: connection) }
        }
        let (received, attempts, end) = follow(service)
        #expect(received == "ab")
        #expect(attempts > 1)
        #expect(throws: ServiceError.self) { try end?.get() }
    }

    /// Only the person can end what is in the way.
    @Test func aLimitThatTheServiceNamesEndsItAtOnce() throws {
        for (quota, isNamed) in [(#","quota":{"what":"streams","limit":200}"#, true), ("", false)] {
            let body =
                #"{"type":"about:blank","title":"Too many","status":429,"detail":"All 200 are in use."\#(quota)}"#
            let service = try RawService { connection, _ in
                RawService.write(
                    "HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/problem+json\r\n"
                        + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)", to: connection)
            }
            let (_, attempts, end) = follow(service)
            #expect((attempts == 1) == isNamed)
            #expect(end?.failure?.problem?.detail == "All 200 are in use.")
        }
    }

    private func follow(
        _ service: RawService
    ) -> (received: String, attempts: Int, end: Result<Void, ServiceError>?) {
        let loop = EventLoop()
        let client = HTTPClient(.socket(path: service.socket), on: loop)
        var received = ""
        var attempts = 0
        var end: Result<Void, ServiceError>?
        let stream = ResumingStream(client, on: loop, pulse: .none, timeout: Self.patience) {
            attempts += 1
            return HTTPRequest(path: "/log", timeout: nil)
        } receive: {
            received += String(decoding: $0, as: UTF8.self)
            return true
        } ended: {
            end = $0
            loop.stop()
        }
        loop.timer(after: .seconds(30)) { loop.stop() }
        loop.run()
        stream.cancel()
        return (received, attempts, end)
    }
}

extension Result {
    var failure: Failure? { if case .failure(let error) = self { error } else { nil } }
}
