import BuildAPI
import EventLoop
import FoundationEssentials

/// Prints what ``Notices`` decides, when it is due.
final class TimedNotices {
    private let context: SessionContext
    private let isScreenTaken: () -> Bool
    private var notices: Notices
    private var timer: Timer?
    private var isStopped = false

    /// - Parameter isScreenTaken: whether a program shows something that a notice would damage.
    init(_ notices: Notices, in context: SessionContext, isScreenTaken: @escaping () -> Bool = { false }) {
        self.notices = notices
        self.context = context
        self.isScreenTaken = isScreenTaken
    }

    deinit {
        stop()
    }

    func update(_ job: Job) {
        notices.update(job, at: .now)
        tell()
    }

    func update(deadline: Date?) {
        notices.update(deadline: deadline, at: .now)
        tell()
    }

    /// Prints what is due, and sets the timer for what will be.
    func tell() {
        guard !isStopped else { return }
        for sentence in notices.due(at: .now, isScreenTaken: isScreenTaken()) { context.say(sentence) }
        timer?.cancel()
        guard let next = notices.nextMoment else { return }
        // At most a day: later deadlines can still be moved, and a clock can be set.
        let pause = min(max(next.timeIntervalSinceNow, 0.001), 86_400)
        timer = context.loop.timer(after: .seconds(pause)) { [unowned self] in tell() }
    }

    /// Prints nothing after this.
    func stop() {
        isStopped = true
        timer?.cancel()
    }
}
