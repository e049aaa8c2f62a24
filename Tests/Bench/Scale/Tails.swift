import BuildAPI
import NIOCore
import NIOHTTP1
import Synchronization
import TestBed

/// Tails of a running job, each as a gateway asks for it: the job's changes, its own log, and the log of its task.
final class Tails: Sendable {
    private struct State {
        var tails = 0
        /// Requests, and those whose answers have begun.
        var (streams, begun) = (0, 0)
        /// The bytes of the task's log, and those that all tails together have of it.
        var (written, received) = (0, 0)
        var failure: (any Error)?
        var waiter: CheckedContinuation<Void, any Error>?

        var isSettled: Bool { begun == streams && received == tails * written }
    }

    private let job: JobID
    private let task: String
    private let socket: String
    private let state = Mutex(State())

    init(of job: JobID, task: String, at socket: String) {
        self.job = job
        self.task = task
        self.socket = socket
    }

    /// Passes to `body` what opens a number of tails; they end with it.
    func whileFollowing(
        _ body: (_ open: (Int) async throws -> Void) async throws -> Void
    ) async throws {
        try await withThrowingDiscardingTaskGroup { group in
            defer { group.cancelAll() }
            try await body { count in
                for _ in 0..<count {
                    change {
                        $0.tails += 1
                        $0.streams += 3
                    }
                    for path in ["events", "logs/setup?follow=true"] {
                        group.addTask { [self] in await follow(path) { _ in } }
                    }
                    group.addTask { [self] in
                        await follow("logs/\(task)?follow=true") { piece in
                            change { $0.received += piece.readableBytes }
                        }
                    }
                    try await settle()
                }
            }
        }
    }

    /// Returns when every tail has that many bytes more of the task's log.
    func receiveAll(_ count: Int) async throws {
        change { $0.written += count }
        try await settle()
    }

    private func follow(_ path: String, receive: (ByteBuffer) -> Void) async {
        do {
            let status = try await RunnerConnection.with(socket) { connection in
                try await connection.follow(
                    .GET, "/v1/jobs/\(job)/\(path)", begun: { change { $0.begun += 1 } }, receive: receive)
            }
            throw TestBedError("a followed \(path) ended with status \(status)")
        } catch {
            change { $0.failure = $0.failure ?? error }
        }
    }

    /// Returns when every request is being answered, and every tail has everything.
    private func settle() async throws {
        try await withCheckedThrowingContinuation { continuation in
            change { $0.waiter = continuation }
        }
    }

    private func change(_ change: (inout State) -> Void) {
        state.withLock { state in
            change(&state)
            guard let waiter = state.waiter else { return }
            if let failure = state.failure {
                waiter.resume(throwing: failure)
            } else if state.isSettled {
                waiter.resume()
            } else {
                return
            }
            state.waiter = nil
        }
    }
}
