import EventLoop
import TestSupport
import Testing

@testable import BuildAPI
@testable import ServiceClient

/// A service that sends too much.
@Suite struct LimitsTests {
    private let job = JobID("42")!

    @Test func anAnswerOfMoreThanAMegabyteIsRefused() throws {
        let endless = try RawService(
            head: "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n",
            endlessly: String(repeating: " ", count: 1000))
        let service = SallyportService(.socket(path: endless.socket), on: EventLoop())
        let error = #expect(throws: ServiceError.self) {
            _ = try service.wait { service.job(job, $0) }
        }
        #expect(error?.code == .malformedAnswer)
        #expect(error?.debugDescription.contains("more than 1 MB") == true)
    }

    @Test func aRefusalOfMoreThanAMegabyteIsRefusedToo() throws {
        let endless = try RawService(
            head: "HTTP/1.1 500 No\r\n\r\n", endlessly: String(repeating: " ", count: 1000))
        let service = SallyportService(.socket(path: endless.socket), on: EventLoop())
        let error = #expect(throws: ServiceError.self) {
            _ = try service.wait { service.job(job, $0) }
        }
        #expect(error?.code == .malformedAnswer)
    }

    /// A line without end, and an event without end.
    @Test(arguments: [
        String(repeating: "a", count: 1000), "data: " + String(repeating: "a", count: 1000) + "\n",
    ])
    func anEventOfMoreThanAMegabyteEndsTheStream(body: String) throws {
        let endless = try RawService(
            head: "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n", endlessly: body)
        let error = try #require(endless.events().error)
        #expect(error.code == .malformedAnswer)
        #expect(error.debugDescription.contains("an event of more than 1 MB"))
    }
}
