import BuildAPI
import EventLoop
import Foundation
import ServiceClient
import TestSupport
import Testing

@testable import SourcehutClient

/// What a worker says of a builder that someone is in.
@Suite struct HeartbeatTests {
    /// Nothing ends, but nobody may take silence for an answer.
    @Test func aWorkerInTroubleIsSaidToBe() throws {
        let worker = try RawService { connection, _ in
            RawService.write(
                "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", to: connection)
        }
        let loop = EventLoop()
        let endpoint = Endpoint.socket(path: worker.socket)
        let service = SourcehutService(
            .init(worker: endpoint, meta: endpoint, logs: nil, sessions: NSTemporaryDirectory()), on: loop)
        let builder = Job.Builder(
            state: .kept, endpoint: .address("127.0.0.1", port: 2222), user: "build", hostKeys: [])
        let claim = Claim(
            id: "42-x", job: JobID("42")!, kind: .shell, builder: builder, deadline: nil, lease: 6)
        var answer: Result<Claim, ServiceError>?
        service.heartbeat(claim) {
            answer = $0
            loop.stop()
        }
        loop.timer(after: .seconds(30)) { loop.stop() }
        loop.run()
        guard case .failure(let error)? = answer else {
            Issue.record("\(String(describing: answer))")
            return
        }
        #expect(error.code == .unavailable && error.isTransient && !service.hasLeases)
    }
}
