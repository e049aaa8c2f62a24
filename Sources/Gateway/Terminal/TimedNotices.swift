import BuildAPI
import EventLoop
import FoundationEssentials

/// Says what ``Notices`` decides, when it is due.
final class TimedNotices {
    private let session: GatewaySession
    private let isScreenTaken: () -> Bool
    private var notices: Notices
    private var timer: Timer?
    private var isStopped = false

    /// - Parameter isScreenTaken: whether a program shows something that a notice would damage.
    init(_ notices: Notices, in session: GatewaySession, isScreenTaken: @escaping () -> Bool = { false }) {
        self.notices = notices
        self.session = session
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

    /// Says what is due, and sees to it that what will be is said too.
    func tell() {
        guard !isStopped else { return }
        for sentence in notices.due(at: .now, isScreenTaken: isScreenTaken()) { session.say(sentence) }
        timer?.cancel()
        guard let next = notices.nextMoment else { return }
        // No longer than a day: what is further off may still be moved, and a clock set.
        let pause = min(max(next.timeIntervalSinceNow, 0.001), 86_400)
        timer = session.loop.timer(after: .seconds(pause)) { [unowned self] in tell() }
    }

    /// Says nothing any more.
    func stop() {
        isStopped = true
        timer?.cancel()
    }
}
