import BuildAPI
import NIOHTTP1
import Synchronization

/// Sends the heartbeats of many claims: each on its own connection, evenly spread over a third of the lease.
final class Hearts: Sendable {
    private let claims: [Claim]
    private let socket: String
    private let count = Mutex(0)

    init(of claims: [Claim], at socket: String) {
        self.claims = claims
        self.socket = socket
    }

    /// The time between two heartbeats of a claim.
    var pace: Duration { .seconds(Int(claims[0].lease)) / 3 }

    /// How many have been answered.
    var beats: Int { count.withLock { $0 } }

    /// Throws as soon as a heartbeat is refused.
    func whileBeating(_ body: @escaping @Sendable () async throws -> Void) async throws {
        let start = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, claim) in claims.enumerated() {
                let first = start + pace * index / claims.count
                group.addTask { [self] in try await beat(claim, from: first) }
            }
            group.addTask(operation: body)
            // Hearts never end by themselves.
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func beat(_ claim: Claim, from first: ContinuousClock.Instant) async throws {
        try await Task.sleep(until: first, clock: .continuous)
        try await RunnerConnection.with(socket) { connection in
            var next = first
            while true {
                let _: Claim = try await connection.value(.POST, "/v1/claims/\(claim.id)/heartbeat")
                count.withLock { $0 += 1 }
                next += pace
                try await Task.sleep(until: next, clock: .continuous)
            }
        }
    }
}
