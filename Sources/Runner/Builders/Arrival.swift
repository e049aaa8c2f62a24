import Provider

/// Where an attempt to allocate a machine waits until that has dialled a gateway.
final class Arrival: Sendable {
    private let machines: AsyncThrowingStream<DialledMachine, any Error>
    private let continuation: AsyncThrowingStream<DialledMachine, any Error>.Continuation

    init() {
        (machines, continuation) = AsyncThrowingStream.makeStream()
    }

    /// It has dialled. Only the first one counts.
    func come(_ machine: DialledMachine) {
        continuation.yield(machine)
        continuation.finish()
    }

    /// It has dialled, and cannot be used.
    func refuse(_ error: any Error) { continuation.finish(throwing: error) }

    /// Returns it; it is called once. Cancellation ends it.
    func wait() async throws -> DialledMachine {
        for try await machine in machines { return machine }
        throw CancellationError()
    }
}
