import BuildAPI
import ConfigurationFile
import EventLoop
import FoundationEssentials
import Presentation
import SSHClient

/// The person's terminal while it shows the inside of a builder: says what cannot be seen there, at a time when that
/// damages nothing, and notices when nobody works there any more.
///
/// What is said is decided by ``EntryLines``, ``Notices`` and ``IdleLimit``.
final class SessionTerminal {
    private let session: GatewaySession
    private let terminal: LocalTerminal
    private let idle: (Duration) -> Void
    private var screen = AlternateScreen()
    private var notices: TimedNotices?
    private var idleLimit: IdleLimit?
    private var lastTraffic: Instant
    private var idleTimer: Timer?

    /// - Parameter idle: called once when the session's idle limit is reached.
    init(_ terminal: LocalTerminal, in session: GatewaySession, idle: @escaping (Duration) -> Void) {
        self.terminal = terminal
        self.session = session
        self.idle = idle
        lastTraffic = session.loop.now
        let seconds = session.configuration.gateway.idle
        idleLimit = seconds > 0 ? IdleLimit(.seconds(seconds)) : nil
    }

    deinit {
        stop()
    }

    /// The program on the builder has started, and has shown nothing yet.
    ///
    /// - Parameter greets: whether a person begins to work here, who wants to know where they are.
    func enter(_ job: Job, as person: Person, greets: Bool) {
        let extending = session.commandLine("extend \(job.id)")
        let notices = Notices(
            job, for: person, session: session.journal.session, extending: extending, at: .now)
        if greets {
            let lines = EntryLines.lines(job, others: notices.others, extending: extending, at: .now)
            for line in lines { session.say(line) }
        }
        terminal.makeRaw()
        session.isRaw = true
        lastTraffic = session.loop.now
        self.notices = TimedNotices(notices, in: session) { [unowned self] in isScreenTaken }
        self.notices?.tell()
        checkIdleness()
    }

    func update(_ job: Job) { notices?.update(job) }
    func update(deadline: Date?) { notices?.update(deadline: deadline) }

    func observe(_ traffic: PumpTraffic) {
        lastTraffic = session.loop.now
        guard case .output(let bytes) = traffic else { return }
        let wasTaken = isScreenTaken
        screen.take(bytes)
        if wasTaken, !isScreenTaken { notices?.tell() }
    }

    /// Gives the terminal back.
    ///
    /// - Parameter isCutOff: the program there could not tidy up after itself.
    func leave(isCutOff: Bool) {
        stop()
        if isCutOff {
            // The normal screen, a cursor, no colours; and whatever is said next has a line of its own.
            let normal = screen.isShown ? "\u{1b}[?1049l\u{1b}[?25h\u{1b}[0m" : ""
            session.output.write("\(normal)\r\n")
        }
        terminal.restore()
        session.isRaw = false
    }

    private var isScreenTaken: Bool { screen.isShown || screen.isInSequence }

    private func stop() {
        notices?.stop()
        idleTimer?.cancel()
    }

    private func checkIdleness() {
        guard var limit = idleLimit else { return }
        let verdict = limit.verdict(after: session.loop.age(of: lastTraffic))
        idleLimit = limit
        let pause: Duration
        switch verdict {
        case .wait(let time): pause = time
        case .warn(let time):
            session.say(
                "Nothing has been typed or shown here for a while: this session will be closed in "
                    + "\(SpokenDuration.words(time)).")
            pause = time
        case .close: return idle(limit.limit)
        }
        idleTimer = session.loop.timer(after: pause) { [unowned self] in checkIdleness() }
    }
}
