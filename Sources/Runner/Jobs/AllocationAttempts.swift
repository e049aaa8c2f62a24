import Synchronization

/// What has become of a job's attempts to get a machine.
struct AllocationAttempts: Sendable {
    /// Whether the job waits for the next one, without a slot.
    var waits = false
    let progress = Progress()
    /// Why the last one was in vain; nil: there has been none.
    private(set) var reason: String?
    private var intervals = RetryIntervals()

    /// Its provider cannot now.
    ///
    /// - Returns: whether the job's log does not say that yet.
    mutating func refused(because sentence: String) -> Bool {
        defer { reason = sentence }
        return progress.ended(with: sentence) && reason != sentence
    }

    mutating func nextInterval() -> Double { intervals.next() }
}

extension AllocationAttempts {
    /// What a provider says while it is asked. The job's own log has little room: of one allocation only so many lines count,
    /// and what an attempt repeats of an earlier one does not appear again.
    final class Progress: Sendable {
        private struct State {
            var earlier: Set<String> = []
            var lines: [String] = []
            var count = 0
            /// The last line, if nobody who waits has read it yet.
            var news: String?
        }

        static let mostLines = 500

        private let state = Mutex(State())

        /// What to write about a line; nil: nothing.
        func shown(_ line: String) -> String? {
            state.withLock { state in
                guard state.count <= Self.mostLines else { return nil }
                state.lines.append(line)
                guard !state.earlier.contains(line) else { return nil }
                state.count += 1
                return state.count <= Self.mostLines ? line : "…"
            }
        }

        /// Notes it for those who wait.
        ///
        /// - Returns: whether somebody has to come and take it: they do not know that there is news.
        func isNews(_ line: String) -> Bool {
            state.withLock { state in
                defer { state.news = line }
                return state.news == nil
            }
        }

        /// The last line, unless it has been taken before.
        func takeNews() -> String? {
            state.withLock { state in
                defer { state.news = nil }
                return state.news
            }
        }

        /// An attempt has ended.
        ///
        /// - Returns: whether its last line was another one.
        func ended(with sentence: String) -> Bool {
            state.withLock { state in
                defer {
                    state.earlier.formUnion(state.lines)
                    state.lines = []
                }
                return state.lines.last != sentence
            }
        }
    }
}
