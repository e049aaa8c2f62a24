import Glibc
import Synchronization
import SystemPackage

/// A log on disk with one writer and any number of readers, who are woken when there is more.
///
/// A byte keeps its offset for ever, because readers ask for the next byte by its offset, and the size says
/// how far the output of a builder has been fetched. So a log that was truncated, renamed or removed continues
/// in the file that exists then, after a hole; the hole reads as NUL.
///
/// Bytes that do not fit on a full disk stay in memory, visible to readers, until ``flush()`` has written them.
final class LogFile: Sendable {
    struct State {
        var file: FileDescriptor?
        /// How many bytes the log has, including those in memory.
        var size: Int
        /// The last of them, while they are not on disk.
        var pending: [UInt8] = []
        /// Why they are not.
        var failure: Errno?
        var isEnded = false
        var isBrokenOff = false
        var isCut = false
        var waiting: [UInt64: CheckedContinuation<Void, Never>] = [:]
        var next: UInt64 = 0

        /// How many bytes are on disk.
        var written: Int { size - pending.count }
    }

    /// What a reader can do now.
    enum Readiness {
        case more
        /// No byte will follow.
        case ended
        /// The runner stops; the next one continues the log.
        case brokenOff
    }

    let path: String
    private let budget: LogBudget
    private let state: Mutex<State>

    static let limitReached = "\n*** log limit reached, the rest is discarded ***\n"

    /// - Parameter path: neither it nor its folder needs to exist yet.
    init(path: String, budget: LogBudget, isEnded: Bool = false) {
        self.path = path
        self.budget = budget
        let size = (try? Stat(FilePath(path)).size).map { Int($0) } ?? 0
        var state = State(size: size, isEnded: isEnded)
        // An earlier runner has written this already.
        if !isEnded { state.isCut = Self.isCut(path, size: size) }
        self.state = Mutex(state)
    }

    deinit {
        state.withLock { try? $0.file?.close() }
    }

    var size: Int { state.withLock { $0.size } }

    var isEnded: Bool { state.withLock { $0.isEnded } }

    /// Whether nothing waits in memory for space on the disk.
    var isOnDisk: Bool { state.withLock { $0.pending.isEmpty } }

    /// Why not, in the system's words.
    var failure: String? { state.withLock { $0.failure.map { "\($0)" } } }

    /// The size of the log, and the last bytes of it that are not on disk.
    var unwritten: (size: Int, bytes: [UInt8]) { state.withLock { ($0.size, $0.pending) } }

    /// Appends as much as the job's budget allows; nothing after ``end()``.
    ///
    /// - Returns: whether everything is on disk. If not, wait, if you can, until ``flush()`` succeeds.
    @discardableResult
    func append(_ bytes: [UInt8]) -> Bool {
        change { state in
            guard !state.isEnded, !state.isCut, !bytes.isEmpty else { return }
            let allowed = budget.take(bytes.count)
            state.add(bytes[..<allowed])
            if allowed < bytes.count {
                state.isCut = true
                state.add(Array(Self.limitReached.utf8)[...])
            }
            state.write(to: path)
        }
        return isOnDisk
    }

    /// Writes what waits in memory.
    ///
    /// - Returns: whether everything is on disk.
    func flush() -> Bool {
        state.withLock { state in
            if !state.pending.isEmpty { state.write(to: path) }
            if state.isEnded { state.closeFile() }
            return state.pending.isEmpty
        }
    }

    /// Creates the file, to show in the folder that the task has started.
    func begin() {
        state.withLock { $0.write(to: path) }
    }

    /// No byte will follow. It is not an error to call this twice.
    func end() {
        change { state in
            state.isEnded = true
            state.closeFile()
        }
    }

    /// Sends the readers away, although the log has not ended.
    func breakOff() {
        change { $0.isBrokenOff = true }
    }

    /// Returns when there are bytes after `offset`, or never will be; at once if the caller is cancelled.
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

    private func change(_ change: (inout State) -> Void) {
        let woken = state.withLock { state in
            change(&state)
            defer { state.waiting = [:] }
            return Array(state.waiting.values)
        }
        for reader in woken { reader.resume() }
    }

    private static func isCut(_ path: String, size: Int) -> Bool {
        let mark = Array(limitReached.utf8)
        guard size >= mark.count, let file = try? FileDescriptor.open(FilePath(path), .readOnly) else {
            return false
        }
        defer { try? file.close() }
        var end = [UInt8](repeating: 0, count: mark.count)
        let count = try? end.withUnsafeMutableBytes {
            try file.read(fromAbsoluteOffset: Int64(size - mark.count), into: $0)
        }
        return count == mark.count && end == mark
    }
}
