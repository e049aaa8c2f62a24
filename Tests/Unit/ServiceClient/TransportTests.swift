import EventLoop
import FoundationEssentials
import TestSupport
import Testing

@testable import BuildAPI
@testable import ServiceClient

/// What a connection needs, and what happens to an answer that may change soon.
@Suite struct TransportTests {
    @Test(arguments: ["sallyport_0a", "Z", "a-._~+/Z9", "abc=", "abc=="])
    func aTokenIsOneWord(text: String) throws {
        let token = try #require(BearerToken(text))
        #expect(token.authorization == "Authorization: Bearer \(text)")
        #expect(!"\(token) \(String(reflecting: token)) \(Transport(token: token))".contains(text))
    }

    @Test(arguments: [
        "", "=", "a b", "a\r\nHost: b", "a\n", "ä", "a=b", "a\u{0}", String(repeating: "a", count: 4097),
    ])
    func whatWouldChangeTheRequestIsNoToken(text: String) {
        #expect(BearerToken(text) == nil)
    }

    /// What the administrator reads names the place, and says why.
    @Test(arguments: [
        ("unix:/nonexistent/s", "/nonexistent/s: No such file or directory (there is no /nonexistent)"),
        ("unix:/dev/null", "/dev/null: Connection refused (it is not a socket)"),
        ("unix:/" + String(repeating: "a", count: 120), "too long"),
        ("http://127.0.0.1:1", "127.0.0.1 port 1 after "), ("http://127.0.0.1:1", ": Connection refused"),
    ])
    func aFailedConnectionNamesItsPlaceAndItsCause(url: String, words: String) throws {
        let service = SallyportService(try #require(Endpoint(url)), on: EventLoop())
        let error = try #require(throws: ServiceError.self) {
            _ = try service.wait { service.job(JobID("42")!, $0) }
        }
        #expect(error.code == .unreachable && error.detail.contains(words), "\(error.detail)")
        #expect(!error.description.contains(words), "people read no path")
    }

    @Test(
        arguments: [
            (502, nil, .milliseconds(250)), (503, nil, .milliseconds(250)), (504, nil, .milliseconds(250)),
            (503, 1, .seconds(1)), (503, 5, .seconds(5)), (503, 6, nil), (500, nil, nil), (429, nil, nil),
            (404, nil, nil), (200, nil, nil),
        ] as [(Int, Int?, Duration?)])
    func aSecondAttemptIsMadeWhereItMayHelp(status: Int, retryAfter: Int?, pause: Duration?) {
        let response = HTTPResponse(status: status, retryAfter: retryAfter.map { .seconds($0) }, body: [])
        #expect(HTTPClient.pause(after: .success(response)) == pause)
    }

    @Test(
        arguments: [
            (.unreachable, true), (.hungUp, true), (.brokenOff, true), (.timedOut, false), (.insecure, false),
            (.untrusted(.time), false), (.malformedAnswer, false), (.redirected, false),
        ] as [(ServiceError.Code, Bool)])
    func aConnectionThatBreaksIsMadeAgain(code: ServiceError.Code, again: Bool) {
        #expect((HTTPClient.pause(after: .failure(ServiceError(code, detail: ""))) != nil) == again)
    }

    @Test(
        arguments: [
            (503, nil, "in a minute."), (503, 1, "in a minute."), (503, 2, "in 2 seconds."),
            (429, 59, "in 59 seconds."), (503, 60, "in a minute."), (503, 61, "in 2 minutes."),
            (503, 86_400, "in 1440 minutes."), (404, 5, "administrator."),
        ] as [(Int, Int?, String)])
    func theAdviceNamesATime(status: Int, retryAfter: Int?, end: String) {
        let response = HTTPResponse(
            status: status, retryAfter: retryAfter.map { .seconds($0) }, body: [])
        let error = ServiceError(response, about: .job)
        #expect(error.advice.hasSuffix(end), "\(error.advice)")
    }

    /// Its own host keys would identify its builder.
    @Test func aClaimOfAnotherJobIsNone() throws {
        let claim =
            #"{"id":"43-a","job":"43","kind":"shell","lease":60,"builder":{"state":"kept","address":"127.0.0.1","port":22,"user":"build","host_keys":[]}}"#
        let mixedUp = try RawService { connection, _ in
            RawService.write(
                "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n\(claim)",
                to: connection)
            RawService.readToEnd(of: connection)
        }
        let service = SallyportService(.socket(path: mixedUp.socket), on: EventLoop())
        let request = ClaimRequest(
            session: "s", kind: .shell, person: .init(id: "1"), keyFingerprint: "SHA256:a", key: "a b",
            from: "::1")
        let asked = try #require(JobID("43"))
        #expect(try service.wait { service.claim(asked, request, $0) }.id == "43-a")
        let error = #expect(throws: ServiceError.self) {
            try service.wait { service.claim(JobID("42")!, request, $0) }
        }
        #expect(error?.debugDescription.contains("a claim of job 43, not 42") == true)
    }

    @Test func anEventOfAnotherJobEndsTheStream() throws {
        let other = Job(
            id: try #require(JobID("43")), owner: .person(Person(id: "1", name: "alice")), status: .failed,
            created: .now)
        let job = String(decoding: try JSON.encode(other), as: UTF8.self)
        let mixedUp = try RawService(
            head: "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n",
            endlessly: "id: 1\nevent: status\ndata: \(job)\n\n")
        let error = try #require(mixedUp.events().error)
        #expect(error.debugDescription.contains("an event of job 43, not 42"))
    }

    @Test func aStreamSaysWhetherItReportsWhatChangesAboutThePerson() throws {
        let job = Job(
            id: try #require(JobID("42")), owner: .person(Person(id: "1", name: "alice")), status: .failed,
            created: Date(timeIntervalSince1970: 1_800_000_000))
        let data = String(decoding: try JSON.encode(job), as: UTF8.self)
        let length = ":\n\nid: 1\nevent: person\ndata: \(data)\n\n".utf8.count
        let service = try RawService { connection, number in
            RawService.write(
                "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: \(length)\r\n\r\n:\n\n",
                to: connection)
            // The first connection breaks.
            if number > 0 { RawService.write("id: 1\nevent: person\ndata: \(data)\n\n", to: connection) }
        }
        let (reports, error) = service.events()
        #expect(error == nil)
        #expect(reports.filter { $0 != .alive } == [.interrupted, .job(job), .person])
        #expect(reports.first == .alive)
    }

    /// A page of a proxy, with status 200.
    @Test func aStreamOfSomethingElseEndsAtOnce() throws {
        let endless = try RawService(
            head: "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n", endlessly: "<p>data: x</p>\n")
        let error = try #require(endless.events().error)
        #expect(error.code == .malformedAnswer)
        #expect(error.debugDescription.contains("text/html instead of text/event-stream"))
    }
}
