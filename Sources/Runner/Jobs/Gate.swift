/// Lets at most that many through at once; the others wait in line. For use within one actor.
struct Gate {
    private var free: Int
    private var line: [CheckedContinuation<Void, Never>] = []

    init(_ count: Int) {
        free = count
    }

    /// - Returns: whether there was room; if not, use ``wait(_:)``.
    mutating func enter() -> Bool {
        guard free > 0 else { return false }
        free -= 1
        return true
    }

    /// Resumes the continuation when its turn has come.
    mutating func wait(_ continuation: CheckedContinuation<Void, Never>) {
        line.append(continuation)
    }

    mutating func leave() {
        if line.isEmpty {
            free += 1
        } else {
            line.removeFirst().resume()
        }
    }
}
