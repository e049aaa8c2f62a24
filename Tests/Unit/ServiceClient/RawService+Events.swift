import EventLoop
import TestSupport

@testable import BuildAPI
@testable import ServiceClient

extension RawService {
    /// What is reported of a job, and how that ends, which is awaited for 30 seconds.
    func events() -> (reports: [JobReport], error: ServiceError?) {
        let loop = EventLoop()
        let service = SallyportService(.socket(path: socket), on: loop)
        var reports: [JobReport] = []
        var error: ServiceError?
        let stream = service.watch(JobID("42")!, for: Person(id: "1", name: "alice")) {
            reports.append($0)
        } ended: {
            if case .failure(let failure) = $0 { error = failure }
            loop.stop()
        }
        loop.timer(after: .seconds(30)) { loop.stop() }
        loop.run()
        stream.cancel()
        return (reports, error)
    }
}
