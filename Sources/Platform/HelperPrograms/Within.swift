/// Runs `operation`; cancels it and returns nil when `duration` has passed.
///
/// `operation` must react to cancellation.
package func within<Result: Sendable>(
    _ duration: Duration, _ operation: @escaping @Sendable () async throws -> Result
) async throws -> Result? {
    try await withThrowingTaskGroup(of: Result?.self) { group in
        group.addTask { try await operation() }
        group.addTask {
            try await Task.sleep(for: duration)
            return nil
        }
        defer { group.cancelAll() }
        do {
            return try await group.next() ?? nil
        } catch let error where error is CancellationError && !Task.isCancelled {
            return nil
        }
    }
}
