/// How many seconds to wait before each attempt: longer each time, and never more than a minute.
struct RetryIntervals {
    private var interval = 1.0

    mutating func next() -> Double {
        defer { interval = min(interval * 2, 60) }
        return interval
    }
}
