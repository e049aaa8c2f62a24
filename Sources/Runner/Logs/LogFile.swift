import FoundationEssentials
import Glibc
import Synchronization

/// A log on disk with one writer and any number of readers, who are woken when there is more.
final class LogFile: Sendable {
    fileprivate struct State {
        var descriptor: CInt?
        var size: Int
        var isEnded = false
        var isBrokenOff = false
        var isCut = false
        var waiting: [UInt64: CheckedContinuation<Void, Never>] = [:]
        var next: UInt64 = 0
    }

    /// What a reader may do now.
    enum Readiness {
        case more
        /// No byte will follow.
        case ended
        /// The runner stops; the next one goes on with the log.
        case brokenOff
    }

    let path: String
    private let budget: LogBudget
    private let state: Mutex<State>

    static let limitReached = "\n*** log limit reached, the rest is not kept ***\n"

    /// - Parameter path: need not be there yet, nor its folder.
    init(path: String, budget: LogBudget, isEnded: Bool = false) {
        self.path = path
        self.budget = budget
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        state = Mutex(State(size: attributes?[.size] as? Int ?? 0, isEnded: isEnded))
    }

    deinit {
        state.withLock { if let descriptor = $0.descriptor { _ = Glibc.close(descriptor) } }
    }

    var size: Int { state.withLock { $0.size } }

    var isEnded: Bool { state.withLock { $0.isEnded } }

    /// Writes to the end, as far as the job's budget allows. After ``end()`` nothing is written.
    func append(_ bytes: [UInt8]) {
        let woken = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            guard !state.isEnded, !state.isCut, !bytes.isEmpty else { return [] }
            let allowed = budget.take(bytes.count)
            write(bytes[..<allowed], &state)
            if allowed < bytes.count {
                state.isCut = true
                write(Array(Self.limitReached.utf8)[...], &state)
            }
            return state.takeWaiting()
        }
        for reader in woken { reader.resume() }
    }

    /// Makes the file, so that whoever looks at the folder sees that the task has started.
    func begin() {
        state.withLock { write([], &$0) }
    }

    /// No byte will follow. Not an error when it is said twice.
    func end() {
        finish { $0.isEnded = true }
    }

    /// Sends the readers away, though the log has not ended.
    func breakOff() {
        finish { $0.isBrokenOff = true }
    }

    /// Returns when there are bytes behind `offset`, or never will be; at once when the caller is cancelled.
    func wait(behind offset: Int) async -> Readiness {
        let number = state.withLock { state in
            state.next += 1
            return state.next
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    if state.size > offset || state.isEnded || state.isBrokenOff || Task.isCancelled {
                        return true
                    }
                    state.waiting[number] = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: number) }?.resume()
        }
        return state.withLock { state in
            if state.size > offset { return .more }
            return state.isEnded ? .ended : .brokenOff
        }
    }

    private func finish(_ change: (inout State) -> Void) {
        let woken = state.withLock { state in
            change(&state)
            if state.isEnded, let descriptor = state.descriptor {
                _ = Glibc.close(descriptor)
                state.descriptor = nil
            }
            return state.takeWaiting()
        }
        for reader in woken { reader.resume() }
    }

    /// A disk that is full loses log, and nothing else: the size counts what has really been written.
    private func write(_ bytes: ArraySlice<UInt8>, _ state: inout State) {
        if state.descriptor == nil {
            if let end = path.lastIndex(of: "/") { mkdir(String(path[..<end]), 0o750) }
            let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o640)
            guard descriptor >= 0 else { return }
            state.descriptor = descriptor
        }
        guard let descriptor = state.descriptor else { return }
        bytes.withUnsafeBytes { buffer in
            var rest = buffer[...]
            while !rest.isEmpty {
                let count = Glibc.write(
                    descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return }
                rest = rest.dropFirst(count)
                state.size += count
            }
        }
    }
}

extension LogFile.State {
    fileprivate mutating func takeWaiting() -> [CheckedContinuation<Void, Never>] {
        let all = Array(waiting.values)
        waiting = [:]
        return all
    }
}
