/// The bytes that a command has written so far, and the callers that wait for some of them.
public actor Capture {
    public private(set) var bytes: [UInt8] = []
    public private(set) var isEnded = false

    private struct Waiter {
        let condition: @Sendable ([UInt8]) -> Bool
        let continuation: CheckedContinuation<Bool, Never>
    }

    private var waiters: [Waiter] = []
    private let forward: (@Sendable ([UInt8]) -> Void)?

    /// - Parameter forward: receives every piece when it arrives.
    init(forward: (@Sendable ([UInt8]) -> Void)? = nil) {
        self.forward = forward
    }

    public var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Waits for `expected`; throws if the output ends without it.
    ///
    /// It needs no deadline of its own: the command has one, and its output ends with it.
    public func wait(for expected: String) async throws(TestBedError) {
        let pattern = Array(expected.utf8)
        try await wait(for: "‘\(expected)’") { $0.firstRange(of: pattern) != nil }
    }

    /// Waits until `condition` holds for the whole output; throws if the output ends before.
    public func wait(
        for what: String, until condition: @escaping @Sendable ([UInt8]) -> Bool
    ) async throws(TestBedError) {
        if condition(bytes) { return }
        let came =
            if isEnded {
                false
            } else {
                await withCheckedContinuation {
                    waiters.append(Waiter(condition: condition, continuation: $0))
                }
            }
        guard came else {
            throw TestBedError(
                "the output ended without \(what)", log: String(decoding: bytes.suffix(4000), as: UTF8.self))
        }
    }

    /// Waits for the end of the output.
    public func waitForEnd() async {
        guard !isEnded else { return }
        _ = await withCheckedContinuation {
            waiters.append(Waiter(condition: { _ in false }, continuation: $0))
        }
    }

    func append(_ piece: [UInt8]) {
        bytes += piece
        forward?(piece)
        waiters.removeAll { waiter in
            guard waiter.condition(bytes) else { return false }
            waiter.continuation.resume(returning: true)
            return true
        }
    }

    func end() {
        isEnded = true
        for waiter in waiters { waiter.continuation.resume(returning: false) }
        waiters = []
    }
}
