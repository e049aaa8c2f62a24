import EventLoop
import TestSupport
import Testing

@testable import BuildAPI
@testable import ServiceClient

/// What the administrator's log says about a service that has a fault.
@Suite struct FaultyAnswersTests {
    private func error(_ answer: @escaping @Sendable (Int32) -> Void) throws -> ServiceError? {
        let raw = try RawService { connection, _ in answer(connection) }
        let service = SallyportService(.socket(path: raw.socket), on: EventLoop())
        return #expect(throws: ServiceError.self) {
            _ = try service.wait { service.job(JobID("7")!, $0) }
        }
    }

    @Test func aMissingMemberIsNamed() throws {
        let body = #"{"id": "7", "owner": {"id": "1"}}"#
        let error = try error {
            RawService.write(
                "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)",
                to: $0)
        }
        #expect(error?.code == .malformedAnswer)
        #expect(error?.detail == #"the answer to GET /v1/jobs/7: no member "status""#)
    }

    /// As a program does that ends with a traceback.
    @Test func aConnectionThatEndsWithoutAnAnswerIsCalledThat() throws {
        let error = try error { _ in }
        #expect(error?.code == .hungUp && error?.isTransient == true)
        #expect(error?.detail.hasSuffix("the connection was closed without an answer") == true)
    }

    /// A service without this request forgets the claim when its lease has run out.
    @Test(arguments: ["404 Not Found", "405 Not Allowed", "410 Gone", "501 Unsupported method"])
    func aServiceNeedNotOfferTheReleaseOfClaims(status: String) throws {
        let raw = try RawService { connection, _ in
            RawService.write("HTTP/1.0 \(status)\r\nContent-Length: 0\r\n\r\n", to: connection)
        }
        let service = SallyportService(.socket(path: raw.socket), on: EventLoop())
        let builder = Job.Builder(
            state: .kept, endpoint: .address("::1", port: 22), user: "build", hostKeys: [])
        let claim = Claim(id: "c", job: JobID("7")!, kind: nil, builder: builder, deadline: nil, lease: 60)
        try service.wait { service.release(claim, reason: .done, $0) }
    }

    /// Nothing else means that there is no log to follow.
    @Test(arguments: [
        ("404 Not Found", false), ("501 No", false), ("206 OK", true), ("416 Empty", true),
        ("500 Oops", true),
    ])
    func whetherThereIsALogIsAsked(status: String, hasLog: Bool) throws {
        let raw = try RawService { connection, _ in
            RawService.write("HTTP/1.0 \(status)\r\nContent-Length: 0\r\n\r\n", to: connection)
        }
        let service = SallyportService(.socket(path: raw.socket), on: EventLoop())
        let alice = Person(id: "1", name: "alice")
        let job = Job(id: JobID("7")!, owner: .person(alice), status: .failed, visibility: .unlisted)
        let found = try service.wait { answer in
            service.hasLog(job, for: alice) { answer(.success($0)) }
        }
        #expect(found == hasLog)
    }
}
