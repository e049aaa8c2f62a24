import BuildAPI
import NIOCore
import NIOHTTP1
import Synchronization
import TestBed

/// One person who submits a job, cancels it and lists all of theirs, again and again.
final class Noise: Sendable {
    private let person: String
    private let socket: String
    private let manifest: String
    private let isOver = Mutex(false)

    init(of person: String, at socket: String, manifest: String) {
        self.person = person
        self.socket = socket
        self.manifest = manifest
    }

    /// Runs `body` while that many loops run; each finishes its turn.
    func beside<Value: Sendable>(
        _ loops: Int, _ body: @Sendable () async throws -> Value
    ) async throws -> Value {
        isOver.withLock { $0 = false }
        return try await withThrowingTaskGroup { group in
            for _ in 1...loops { group.addTask { [self] in try await loop() } }
            let value: Value
            do {
                value = try await body()
            } catch {
                isOver.withLock { $0 = true }
                throw error
            }
            isOver.withLock { $0 = true }
            try await group.waitForAll()
            return value
        }
    }

    private func loop() async throws {
        try await RunnerConnection.with(socket) { connection in
            while !isOver.withLock({ $0 }) {
                let job = try await connection.submit(manifest, owner: person)
                try await connection.cancel(job.id)
                // It is not decoded: that would be noise of our own.
                let list = try await connection.exchange(.GET, "/v1/jobs?owner=\(person)")
                guard list.status == 200 else {
                    throw TestBedError("the list was refused", log: String(buffer: list.body))
                }
            }
        }
    }
}
