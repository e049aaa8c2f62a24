import BuildAPI

/// One event of a job, as readers of the stream receive it.
struct JobChange: Sendable {
    var number: Int
    var kind: JobEvent
    /// The job after the change.
    var job: Job
}

/// Delivers the changes of one job to its watchers.
struct EventFeed {
    enum Item: Sendable {
        case change(JobChange)
        /// Nothing has changed, but the service is alive.
        case beat
    }

    typealias Stream = AsyncThrowingStream<Item, any Error>

    private struct Watcher {
        let stream: Stream.Continuation
        /// The id of the person for whom the job is watched; nil: the client watches it for itself.
        let person: String?
    }

    private var watchers: [Int: Watcher] = [:]
    private var next = 0

    /// A watcher that does not keep up misses older changes; every change carries the whole job.
    static let limit = 64

    /// A stream about a job of which nothing more will be reported.
    static func ended(with last: JobChange?) -> Stream {
        Stream { continuation in
            if let last { continuation.yield(.change(last)) }
            continuation.finish()
        }
    }

    /// - Parameter first: the current state, if the watcher does not know it.
    mutating func watch(
        from first: JobChange?, for person: String?, onEnd: @escaping @Sendable (Int) -> Void
    ) -> Stream {
        let (stream, continuation) = Stream.makeStream(bufferingPolicy: .bufferingNewest(Self.limit))
        if let first { continuation.yield(.change(first)) }
        let number = next
        next += 1
        watchers[number] = Watcher(stream: continuation, person: person)
        continuation.onTermination = { _ in onEnd(number) }
        return stream
    }

    func publish(_ change: JobChange) {
        for watcher in watchers.values { watcher.stream.yield(.change(change)) }
    }

    /// Delivers a change to those who watch for this person only.
    func publish(_ change: JobChange, to person: String) {
        for watcher in watchers.values where watcher.person == person {
            watcher.stream.yield(.change(change))
        }
    }

    func beat() {
        for watcher in watchers.values { watcher.stream.yield(.beat) }
    }

    mutating func remove(_ number: Int) {
        watchers[number] = nil
    }

    /// - Parameter error: nil: the job has ended; otherwise the stream breaks off, and the reader can reconnect.
    mutating func end(throwing error: RunnerError? = nil) {
        let all = watchers.values
        watchers = [:]
        for watcher in all { watcher.stream.finish(throwing: error) }
    }
}
