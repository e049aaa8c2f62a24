import EventLoop
import TestSupport

@testable import BuildAPI
@testable import ServiceClient

extension RawService {
    /// How the events of a job end, which is awaited for 30 seconds.
    func endOfEvents() -> ServiceError? {
        let loop = EventLoop()
        let service = SallyportService(.socket(path: socket), on: loop)
        var error: ServiceError?
        let stream = service.watch(JobID("42")!, for: Person(id: "1", name: "alice")) { _ in
        } ended: {
            if case .failure(let failure) = $0 { error = failure }
            loop.stop()
        }
        loop.timer(after: .seconds(30)) { loop.stop() }
        loop.run()
        stream.cancel()
        return error
    }
}
