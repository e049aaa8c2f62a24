import FoundationEssentials
import Synchronization

/// Our side of the conversation with the helper: the open requests, and who waits for which answer.
final class HelperRequests: Sendable {
    private struct State {
        var rest: [UInt8] = []
        var greeting: Greeting?
        var next = 1
        var isOver = false
        var greetingWaiter: CheckedContinuation<Greeting?, Never>?
        var endWaiters: [AsyncStream<Never>.Continuation] = []
        var waiters: [Int: AsyncStream<Report>.Continuation] = [:]
    }

    private let state = Mutex(State())
    private let send: @Sendable ([UInt8]) async throws -> Void

    init(send: @escaping @Sendable ([UInt8]) async throws -> Void) {
        self.send = send
    }

    /// How the start went.
    func greeting() async throws -> Opening {
        let greeting = await withCheckedContinuation { continuation in
            state.withLock {
                if $0.greeting != nil || $0.isOver {
                    continuation.resume(returning: $0.greeting)
                } else {
                    $0.greetingWaiter = continuation
                }
            }
        }
        switch greeting {
        case .started(let opening): return opening
        case .failed(let sentence, let log): throw TestBedError(sentence, log: log)
        case nil:
            throw TestBedError("the helper ended without an error message; it needs root and unshare(1)")
        }
    }

    /// Returns when the helper has ended, or the calling task is cancelled.
    func ended() async {
        let (stream, waiter) = AsyncStream<Never>.makeStream()
        state.withLock {
            if $0.isOver { waiter.finish() } else { $0.endWaiters.append(waiter) }
        }
        for await _ in stream {}
    }

    /// Runs a command in the test bed.
    func run(_ arguments: [String], input: String, deadline: Int) async throws -> Report {
        let number = state.withLock { state in
            defer { state.next += 1 }
            return state.next
        }
        let errand = Errand(number: number, arguments: arguments, input: input, deadline: deadline)
        let line = Array(try JSONEncoder().encode(errand)) + [UInt8(ascii: "\n")]
        // Register it before sending, because the answer can arrive at once.
        let (reports, waiter) = AsyncStream<Report>.makeStream()
        state.withLock {
            if $0.isOver { waiter.finish() } else { $0.waiters[number] = waiter }
        }
        try await send(line)
        for await report in reports { return report }
        throw TestBedError("the test bed has ended")
    }

    /// Handles the helper's output.
    func receive(_ piece: [UInt8]) {
        state.withLock { state in
            state.rest += piece
            while let end = state.rest.firstIndex(of: UInt8(ascii: "\n")) {
                let line = Data(state.rest[..<end])
                state.rest.removeSubrange(...end)
                if state.greeting == nil {
                    state.greeting = try? JSONDecoder().decode(Greeting.self, from: line)
                    state.greetingWaiter?.resume(returning: state.greeting)
                    state.greetingWaiter = nil
                } else if let report = try? JSONDecoder().decode(Report.self, from: line) {
                    state.waiters.removeValue(forKey: report.number)?.yield(report)
                }
            }
        }
    }

    /// The helper has ended.
    func end() {
        state.withLock { state in
            state.isOver = true
            state.greetingWaiter?.resume(returning: state.greeting)
            state.greetingWaiter = nil
            for waiter in state.waiters.values { waiter.finish() }
            state.waiters = [:]
            for waiter in state.endWaiters { waiter.finish() }
            state.endWaiters = []
        }
    }
}
