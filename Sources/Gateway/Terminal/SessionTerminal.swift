import BuildAPI
import ConfigurationFile
import EventLoop
import FoundationEssentials
import Policy
import Presentation
import SSHClient

/// The person's terminal while they are inside a builder: prints messages when that damages nothing, and notices
/// when the session is idle.
///
/// ``EntryLines``, ``Notices`` and ``IdleLimit`` decide what it prints.
final class SessionTerminal {
    private let context: SessionContext
    private let terminal: LocalTerminal
    private let idle: (Duration) -> Void
    private var changes = TerminalChanges()
    private var notices: TimedNotices?
    private var idleLimit: IdleLimit?
    private var typing = Typing()
    private var lastTraffic: Instant
    private var idleTimer: Timer?

    /// - Parameters:
    ///   - seconds: after how many without traffic the machine wants sessions to end; nil: it has no wish. The gateway's own
    ///     limit counts too.
    ///   - idle: called once when the session's idle limit is reached.
    init(
        _ terminal: LocalTerminal, idleAfter seconds: Int? = nil, in context: SessionContext,
        idle: @escaping (Duration) -> Void
    ) {
        self.terminal = terminal
        self.context = context
        self.idle = idle
        lastTraffic = context.loop.now
        let limit = [context.configuration.gateway.idle, seconds ?? 0].filter { $0 > 0 }.min()
        idleLimit = limit.map { IdleLimit(.seconds($0)) }
    }

    deinit {
        stop()
    }

    /// The program on the builder has started, and has shown nothing yet.
    ///
    /// - Parameter greets: whether a person begins to work here, and wants to know where they are.
    func enter(_ job: Job, with permit: Permit, greets: Bool) {
        let commands = context.entryCommands(for: permit)
        let notices = Notices(
            job, for: permit.person, session: context.journal.session, extending: commands.extend, at: .now)
        if greets {
            var commands = commands
            if job.builder?.certified == false {
                commands.ownSSH = context.ownSSH(for: job, alone: true).text
            }
            let lines = EntryLines(job, logoutCounts: permit.standing.isOwners, commands: commands)
            for line in lines.lines(at: .now) { context.say(line) }
            for line in job.attached?.lines(at: .now) ?? [] { context.say(line) }
            if let others = Visitors.sentence(about: notices.others) { context.say(others) }
        }
        terminal.makeRaw()
        context.client.isRaw = true
        lastTraffic = context.loop.now
        self.notices = TimedNotices(notices, in: context) { [unowned self] in isScreenTaken }
        self.notices?.tell()
        checkIdleness()
    }

    func update(_ job: Job) { notices?.update(job) }
    func update(deadline: Date?) { notices?.update(deadline: deadline) }

    /// Whether a shell that ends now has been ended by the person.
    var isLogout: Bool { typing.isLogout(at: context.loop.now) }

    func observe(_ traffic: PumpTraffic) {
        lastTraffic = context.loop.now
        typing.observe(traffic, at: lastTraffic)
        guard case .output(let bytes) = traffic else { return }
        let wasTaken = isScreenTaken
        changes.take(bytes)
        if wasTaken, !isScreenTaken { notices?.tell() }
    }

    /// Restores the terminal, and switches off what programs on the builder have left switched on.
    func leave() {
        stop()
        context.output.write(changes.undo)
        terminal.restore()
        context.client.isRaw = false
    }

    private var isScreenTaken: Bool { changes.isScreenTaken || changes.isInSequence }

    private func stop() {
        notices?.stop()
        idleTimer?.cancel()
    }

    private func checkIdleness() {
        guard var limit = idleLimit else { return }
        let verdict = limit.verdict(since: lastTraffic, idle: context.loop.age(of: lastTraffic))
        idleLimit = limit
        let pause: Duration
        switch verdict {
        case .wait(let time): pause = time
        case .warn(let time):
            context.say(
                "This session is idle and will be closed in \(SpokenDuration.words(time)). "
                    + "Press a key to keep it.")
            pause = time
        case .close: return idle(limit.limit)
        }
        idleTimer = context.loop.timer(after: pause) { [unowned self] in checkIdleness() }
    }
}
