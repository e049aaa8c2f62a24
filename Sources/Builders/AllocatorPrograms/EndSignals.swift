package import AllocatorProtocol
import UnixSignals

/// SIGTERM and SIGINT, by which the runner gives up an allocation.
package enum EndSignals {
    /// Runs the body in a task, which is cancelled by the first of them. It then has ten seconds to give back what it has.
    package static func cancelling<Success: Sendable>(
        _ body: @escaping @Sendable () async throws(AllocatorEnd) -> Success
    ) async throws(AllocatorEnd) -> Success {
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        let task = Task { await result(of: body) }
        let watch = Task { for await _ in signals { task.cancel() } }
        defer { watch.cancel() }
        return try await task.value.get()
    }

    private static func result<Success>(
        of body: () async throws(AllocatorEnd) -> Success
    ) async -> Result<Success, AllocatorEnd> {
        do throws(AllocatorEnd) {
            return .success(try await body())
        } catch {
            return .failure(error)
        }
    }
}
