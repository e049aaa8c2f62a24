import BuildAPI

/// One event of a job, as a reader of the stream gets it.
struct JobChange: Sendable {
    var number: Int
    var kind: JobEvent
    /// As it is after the change.
    var job: Job
}

/// Hands the changes of one job to whoever watches it.
struct EventFeed {
    enum Item: Sendable {
        case change(JobChange)
        /// Nothing has changed, and the service is there.
        case beat
    }

    typealias Stream = AsyncThrowingStream<Item, any Error>

    private var watchers: [Int: Stream.Continuation] = [:]
    private var next = 0

    /// A watcher that does not keep up misses older changes; every change carries the whole job.
    static let limit = 64

    /// - Parameter first: the present state, where the watcher does not know it.
    mutating func watch(
        from first: JobChange?, onEnd: @escaping @Sendable (Int) -> Void
    ) -> Stream {
        let (stream, continuation) = Stream.makeStream(bufferingPolicy: .bufferingNewest(Self.limit))
        if let first { continuation.yield(.change(first)) }
        let number = next
        next += 1
        watchers[number] = continuation
        continuation.onTermination = { _ in onEnd(number) }
        return stream
    }

    func publish(_ change: JobChange) {
        for watcher in watchers.values { watcher.yield(.change(change)) }
    }

    func beat() {
        for watcher in watchers.values { watcher.yield(.beat) }
    }

    mutating func remove(_ number: Int) {
        watchers[number] = nil
    }

    /// - Parameter error: nil: the job is over; else the stream breaks off, and the reader may come again.
    mutating func end(throwing error: RunnerError? = nil) {
        let all = watchers.values
        watchers = [:]
        for watcher in all { watcher.finish(throwing: error) }
    }
}
