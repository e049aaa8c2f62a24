import AuthorizedKeys
import BuildAPI
import EventLoop
import Foundation
import TestSupport
import Testing

@testable import ServiceClient

/// What is asked is noted, and what would change something is not sent.
@Suite struct HTTPWitnessTests {
    @Test func questionsPassAndChangesDoNot() throws {
        let witness = HTTPWitness()
        var transport = Transport()
        transport.witness = witness
        let nowhere = "/nowhere/\(UUID())"
        let service = SallyportService(.socket(path: nowhere), over: transport, on: EventLoop())
        #expect(throws: ServiceError.self) {
            let _: Key? = try service.wait { service.key(withFingerprint: "SHA256:a/b", $0) }
        }
        // A question is asked twice where nobody listens.
        #expect(
            witness.exchanges.map(\.target)
                == Array(repeating: Key.requestTarget(fingerprint: "SHA256:a/b"), count: 2))
        #expect(witness.exchanges.allSatisfy { $0.outcome.contains("cannot be reached") && $0.body.isEmpty })
        let changes: [(@escaping (Result<Void, ServiceError>) -> Void) -> Void] = [
            { service.removeKey("SHA256:a", owner: nil, $0) },
            { service.setSuspended("alice", true, $0) },
        ]
        for change in changes {
            let error = #expect(throws: ServiceError.self) { try service.wait(for: change) as Void }
            #expect(error?.code == .notOffered && error?.detail == "nothing is changed here")
        }
        let cancelled = #expect(throws: ServiceError.self) {
            let _: Job = try service.wait {
                service.perform(.cancel, on: JobID("1")!, for: Person(id: "1", name: "alice"), $0)
            }
        }
        #expect(cancelled?.detail == "nothing is changed here" && witness.exchanges.count == 2)
    }
}
