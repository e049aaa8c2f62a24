import BuildAPI
import EventLoop
import Policy
import ServiceClient
import ShownLogs

/// At the gateway, logs are read with a permit.
extension LogFollower {
    convenience init(
        _ permit: Permit, of service: any BuildService, to sink: OutputSink, raw: Bool,
        from starts: LogStarts = LogStarts(),
        ended: @escaping (Result<Void, ServiceError>) -> Void
    ) {
        self.init(
            permit.job, for: permit.person, of: service, to: sink, raw: raw, from: starts, ended: ended)
    }
}

extension LastLinesSearch {
    convenience init(
        _ count: Int, _ permit: Permit, of service: any BuildService,
        found: @escaping (Result<LogStarts, ServiceError>) -> Void
    ) {
        self.init(count, permit.job, for: permit.person, of: service, found: found)
    }
}
