import BuildAPI
import ServiceClient

/// The last known state of a job, and its listeners: the streams of its logs, which end when it has ended.
final class JobNews {
    let identifier: JobID
    private(set) var job: Job?
    private var observers: [Int: () -> Void] = [:]
    private var next = 0

    init(_ identifier: JobID) {
        self.identifier = identifier
    }

    /// Cancels itself when nobody keeps it.
    final class Subscription {
        fileprivate var cancel: (() -> Void)?

        deinit {
            cancel?()
        }
    }

    func publish(_ job: Job) {
        self.job = job
        for observer in Array(observers.values) { observer() }
    }

    func observe(_ observer: @escaping () -> Void) -> Subscription {
        let number = next
        next += 1
        observers[number] = observer
        let subscription = Subscription()
        subscription.cancel = { [weak self] in self?.observers[number] = nil }
        return subscription
    }

    /// Whether nothing more is written to a log: the job has ended, or a later task has begun.
    func isOver(_ log: String) -> Bool {
        guard let job else { return false }
        if job.status.isFinal { return true }
        guard let index = job.tasks.firstIndex(where: { $0.name == log }) else { return false }
        return index < job.tasks.count - 1
    }
}
