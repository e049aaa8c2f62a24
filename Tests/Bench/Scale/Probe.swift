import NIOCore
import NIOHTTP1
import TestBed

/// A request that is timed many times, one after another.
struct Probe: Sendable {
    var path: String
    var count: Int
    /// The time between the beginnings of two requests, if the first is answered by then.
    var interval = Duration.zero

    /// - Returns: how long each answer took, in milliseconds.
    func times(on connection: RunnerConnection) async throws -> [Double] {
        var times: [Double] = []
        var next = ContinuousClock.now
        for _ in 0..<count {
            try await Task.sleep(until: next, clock: .continuous)
            let start = ContinuousClock.now
            let answer = try await connection.exchange(.GET, path)
            times.append(start.duration(to: .now).seconds * 1000)
            guard answer.status == 200 else {
                throw TestBedError("GET \(path): \(answer.status)", log: String(buffer: answer.body))
            }
            next = max(next + interval, .now)
        }
        return times
    }
}
