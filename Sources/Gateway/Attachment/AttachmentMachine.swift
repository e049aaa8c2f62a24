import AuthorizedKeys
import BuildAPI
import FoundationEssentials
import Glibc
import Presentation
import ServiceClient

/// A machine that has dialled the gateway, from its greeting to its end: a state machine without I/O and without a clock.
///
/// Its order: the greeting; the service's answer, which makes it a job; then heartbeats, people's sessions and news of the
/// job, until one of the three ends it: the machine, the service, the connection. One that pairs waits before it is a job until
/// somebody adopts it.
struct AttachmentMachine {
    enum Event {
        /// The script has sent a line, or something that is none.
        case line(Result<String, AttachmentFault>)
        /// It sends nothing more, or the session ends.
        case lost
        /// The service's answer to `attach` and `resume`.
        case attached(Attachment)
        case notAttached(ServiceError)
        /// The service's answer to `pair`.
        case paired(Pairing)
        case notPaired(ServiceError)
        /// The service's answer whether somebody has adopted the machine.
        case pairingRenewed(Pairing)
        case pairingNotRenewed(ServiceError)
        /// The service's answer to a heartbeat.
        case renewed(Attachment)
        case notRenewed(ServiceError)
        /// The job's current state.
        case job(Job)
        /// The service knows that the machine has left, or does not answer.
        case left
        case visitor(VisitorID, VisitorGreeting)
        case visitorLeft(VisitorID)
        case streamArrived(StreamID)
        case streamEnded(StreamID)
        /// The key may do that no more.
        case revoked(Refusal)
        case timer(Timer)
    }

    enum Timer: Equatable {
        case greeting, pairing, heartbeat, alive, reminder, news, end
        case visitor(VisitorID)
        /// The pause without a spare stream.
        case spare
        /// Whether that one has come.
        case stream(StreamID)
    }

    enum Action: Equatable {
        case send(AttachmentOrder)
        case attach(NewAttachment)
        case resume(Resumption)
        case pair(NewAttachment)
        /// Ask whether somebody has adopted the machine.
        case renewPairing(Pairing)
        case endPairing(Pairing)
        /// A heartbeat.
        case renew(Attachment)
        case report(AttachedExit, Attachment)
        case leave(Attachment, AttachmentDeparture)
        /// Watch the job; its log can come.
        case watch(Attachment)
        /// The stream with this id can come, or can come no more.
        case expect(StreamID)
        case forget(StreamID)
        case handOver(StreamID, VisitorID)
        case endStream(StreamID)
        case refuse(VisitorID, errno: CInt)
        /// Close their connection.
        case dismiss(VisitorID)
        /// `timer`, after that time. Those of a state that has passed mean nothing.
        case wait(Timer, Duration)
        /// Tell the script why, and end.
        case refuseMachine(Refusal)
        case finish(ExitStatus)
    }

    private enum State {
        case greeting(AttachmentGreeting)
        /// The service has been asked; how many names have been tried.
        case asking(AttachmentGreeting, attempt: Int)
        case pending(PendingMachine)
        case attached(Attached)
        case ending(Ending)
        case over
    }

    /// Whose word is still awaited at the end.
    private enum Ending {
        /// The service's answer to `attach`, for a machine that has gone in the meantime.
        case answer
        /// The service's, that the machine has left.
        case departure
        /// The script's: the service has ended it.
        case script
    }

    private struct Attached {
        var attachment: Attachment
        var news: AttachmentNews
        /// Whether the command has not ended.
        var isRunning: Bool
    }

    /// From the start to `ready`.
    static let greetingTime = Duration.seconds(20)
    static let aliveInterval = Duration.seconds(15)
    /// How long an ending can take: CIs kill after ten seconds.
    static let endTime = Duration.seconds(5)

    private let origin: AttachmentGreeting.Origin
    private let key: PublicKey
    private let stranger: Refusal?
    private let enter: (String) -> String
    private let newStream: () -> StreamID?
    private var state = State.greeting(AttachmentGreeting())
    private var visitors = AttachedVisitors()

    /// - Parameters:
    ///   - key: the gateway's own, which the machine's SSH server is told to accept.
    ///   - stranger: why the machine cannot be somebody's by its key; nil: it can.
    ///   - enter: the command line for people, with a terminal, for words of the gateway's.
    ///   - newStream: makes an id; nil: none can be made now.
    init(
        _ origin: AttachmentGreeting.Origin, key: PublicKey, stranger: Refusal? = nil,
        enter: @escaping (String) -> String,
        newStream: @escaping () -> StreamID? = StreamID.random
    ) {
        self.origin = origin
        self.key = key
        self.stranger = stranger
        self.enter = enter
        self.newStream = newStream
    }

    func begin() -> [Action] { [.send(.hello), .wait(.greeting, Self.greetingTime)] }

    mutating func handle(_ event: Event, at now: Date) -> [Action] {
        if case .over = state { return [] }
        switch event {
        case .line(let line): return take(line, at: now)
        case .lost: return lost()
        case .attached(let attachment): return attached(attachment, at: now)
        case .notAttached(let error): return notAttached(error, at: now)
        case .paired(let pairing): return paired(pairing, at: now)
        case .notPaired(let error): return notPaired(error, at: now)
        case .pairingRenewed(let pairing):
            guard case .pending(var pending) = state else { return [] }
            return proceed(pending.renewed(pairing), pending, now)
        case .pairingNotRenewed(let error):
            guard case .pending(var pending) = state else { return [] }
            return proceed(pending.notRenewed(error, at: now), pending, now)
        case .renewed(let attachment): return jobChanged(attachment.job, at: now)
        case .notRenewed(let error): return notRenewed(error)
        case .job(let job): return jobChanged(job, at: now)
        case .left:
            guard case .ending(.departure) = state else { return [] }
            return finish()
        case .visitor(let visitor, let greeting):
            return come(visitor, greeting)
        case .visitorLeft(let visitor):
            if case .pending(var pending) = state {
                pending.left(visitor)
                state = .pending(pending)
            }
            return visitors.left(visitor, stream: newStream)
        case .streamArrived(let stream): return visitors.arrived(stream)
        case .streamEnded(let stream): return visitors.ended(stream)
        case .revoked(let refusal): return revoked(refusal)
        case .timer(let timer): return timePassed(timer, at: now)
        }
    }

    // MARK: The script

    private mutating func take(_ line: Result<String, AttachmentFault>, at now: Date) -> [Action] {
        let message: AttachmentMessage
        do throws(AttachmentFault) {
            message = try AttachmentMessage(line: try line.get())
        } catch {
            return faulty(error)
        }
        switch (state, message) {
        // It has gone before it was anywhere.
        case (.greeting, .bye), (.greeting, .cancelled), (.asking, .bye), (.asking, .cancelled): return lost()
        case (.ending(.script), .bye): return finish()
        case (.greeting(let greeting), _): return greet(greeting, message, at: now)
        case (.pending(var pending), .exit(let status)):
            return proceed(pending.commandEnded(status), pending, now)
        case (.pending(let pending), .bye), (.pending(let pending), .cancelled): return leave(pending)
        case (.attached(let attached), .exit(let status)): return commandEnded(attached, status)
        case (.attached, .keyed(let number)): return visitors.keyed(number, stream: newStream)
        case (.attached(let attached), .cancelled): return leave(attached, .cancelled)
        case (.attached(let attached), .bye): return leave(attached, .bye)
        default: return []
        }
    }

    /// Before the machine is attached it is refused. Afterwards one damaged line changes nothing, except that nothing can be
    /// read any more after an endless one.
    private mutating func faulty(_ fault: AttachmentFault) -> [Action] {
        switch state {
        case .greeting, .asking: return refuse(.unusableGreeting(fault))
        case .attached where fault == .endlessLine, .pending where fault == .endlessLine: return lost()
        case .pending, .attached, .ending, .over: return []
        }
    }

    private mutating func greet(
        _ greeting: AttachmentGreeting, _ message: AttachmentMessage, at now: Date
    ) -> [Action] {
        var greeting = greeting
        do throws(AttachmentFault) {
            guard try greeting.take(message) else {
                state = .greeting(greeting)
                return []
            }
        } catch {
            return refuse(.unusableGreeting(error))
        }
        if let stranger, !greeting.isPairing { return refuse(stranger) }
        state = .asking(greeting, attempt: 1)
        if let resumption = greeting.resumption(of: origin) { return [.resume(resumption)] }
        let new = greeting.attachment(of: origin, named: greeting.name, at: now)
        return [greeting.isPairing ? .pair(new) : .attach(new)]
    }

    private mutating func commandEnded(_ attached: Attached, _ status: Int) -> [Action] {
        guard attached.isRunning else { return [] }
        var attached = attached
        attached.isRunning = false
        state = .attached(attached)
        return [.report(AttachedExit(exitStatus: status), attached.attachment)]
    }

    // MARK: The service

    private mutating func attached(_ attachment: Attachment, at now: Date) -> [Action] {
        if case .ending(.answer) = state {
            state = .ending(.departure)
            return [.leave(attachment, .bye)]
        }
        guard case .asking(let greeting, _) = state else { return [] }
        return welcome(attachment, greeting, at: now)
    }

    /// - Parameter adopter: whoever has adopted it while it was waiting.
    private mutating func welcome(
        _ attachment: Attachment, _ greeting: AttachmentGreeting, by adopter: Party? = nil, at now: Date
    ) -> [Action] {
        guard let welcome = AttachmentOrder.welcome(attachment, key: key) else {
            return [.leave(attachment, .bye)] + refuse(.senseless("no secret for an attachment"))
        }
        let news = AttachmentNews(attachment.job, enter: enter)
        let isRunning = greeting.isRunning == true && !attachment.job.status.isFinal
        state = .attached(Attached(attachment: attachment, news: news, isRunning: isRunning))
        let first = adopter.map { ["\($0.printableName) has adopted this machine."] } ?? []
        let lines =
            greeting.resumption == nil
            ? first + news.arrival(named: greeting.name, obstacle: greeting.obstacle, at: now)
            : [news.returned]
        return welcome.map { .send($0) } + Self.say(lines)
            + [
                .watch(attachment), .wait(.heartbeat, Self.pause(attachment)),
                .wait(.reminder, AttachmentNews.interval),
            ]
            // One that has waited says it already.
            + (adopter == nil ? [.wait(.alive, Self.aliveInterval)] : [])
            + keepSpare(for: attachment.job)
    }

    private mutating func notAttached(_ error: ServiceError, at now: Date) -> [Action] {
        if case .ending(.answer) = state { return finish() }
        guard case .asking(let greeting, let attempt) = state else { return [] }
        guard greeting.resumption == nil else { return refuse(.notResumed(error)) }
        let names = greeting.name.flatMap { JobName($0) }?.alternatives ?? []
        guard error.code == .conflict, attempt < names.count else {
            return refuse(.serviceRefused(error, AttachCommand.manual.name))
        }
        state = .asking(greeting, attempt: attempt + 1)
        return [.attach(greeting.attachment(of: origin, named: names[attempt].description, at: now))]
    }

    // MARK: Whoever adopts it

    private mutating func paired(_ pairing: Pairing, at now: Date) -> [Action] {
        if case .pending(var pending) = state {
            return proceed(pending.paired(pairing, at: now), pending, now)
        }
        if case .ending(.answer) = state { return leave(pairing) }
        guard case .asking(let greeting, _) = state else { return [] }
        guard pairing.code != nil else {
            return [.endPairing(pairing)] + refuse(.senseless("no code for a machine"))
        }
        var pending = PendingMachine(pairing, greeting, of: origin, enter: enter)
        let invitation = pending.begin(at: now)
        state = .pending(pending)
        return [.send(.ready)] + invitation + [.wait(.alive, Self.aliveInterval)]
    }

    private mutating func notPaired(_ error: ServiceError, at now: Date) -> [Action] {
        if case .pending(var pending) = state {
            return proceed(pending.notPaired(error, at: now), pending, now)
        }
        if case .ending(.answer) = state { return finish() }
        guard case .asking = state else { return [] }
        return refuse(.serviceRefused(error, AttachCommand.manual.name))
    }

    private mutating func proceed(
        _ step: PendingMachine.Step, _ pending: PendingMachine, _ now: Date
    ) -> [Action] {
        switch step {
        case .waits(let actions):
            state = .pending(pending)
            return actions
        case .ends(let text): return leave(pending, saying: text)
        case .adopted(let attachment):
            var actions = welcome(attachment, pending.greeting, by: attachment.job.owner, at: now)
            if let exit = pending.exit, case .attached(let attached) = state {
                actions += commandEnded(attached, exit)
            }
            return actions + pending.visitors.flatMap { come($0.id, $0.greeting) }
        }
    }

    private mutating func come(_ visitor: VisitorID, _ greeting: VisitorGreeting) -> [Action] {
        switch state {
        case .attached: return visitors.come(visitor, greeting, stream: newStream)
        case .pending(var pending):
            let actions = pending.come(visitor, greeting)
            state = .pending(pending)
            return actions
        case .greeting, .asking, .ending, .over: return [.refuse(visitor, errno: ENOTCONN)]
        }
    }

    /// Nobody has it, and nobody will.
    ///
    /// - Parameter text: for the script; nil: it has said so itself, or is gone.
    private mutating func leave(_ pending: PendingMachine, saying text: String? = nil) -> [Action] {
        var pending = pending
        let actions = (text.map { [.send(.end($0))] } ?? []) + pending.sendAway()
        return actions + (pending.pairing.map { leave($0) } ?? finish())
    }

    private mutating func leave(_ pairing: Pairing) -> [Action] {
        state = .ending(.departure)
        return [.endPairing(pairing), .wait(.end, Self.endTime)]
    }

    // MARK: The job

    private mutating func notRenewed(_ error: ServiceError) -> [Action] {
        guard case .attached(let attached) = state, [.claimEnded, .builderGone].contains(error.code) else {
            return []
        }
        return end(attached)
    }

    private mutating func jobChanged(_ job: Job, at now: Date) -> [Action] {
        guard case .attached(var attached) = state, job.id == attached.attachment.job.id else { return [] }
        let lines = attached.news.update(job, at: now)
        state = .attached(attached)
        guard job.builder != nil else { return end(attached) }
        return Self.say(lines) + waitForNews(attached, at: now) + keepSpare(for: job)
    }

    /// Only a machine that waits for people has one: a running command is rarely entered, and a success ends soon.
    private mutating func keepSpare(for job: Job) -> [Action] {
        job.status.isFinal && job.status != .success ? visitors.keepSpare(stream: newStream) : []
    }

    private static func pause(_ attachment: Attachment) -> Duration {
        .milliseconds(max(1000, Int(attachment.lease) * 1000 / 3))
    }

    private static func say(_ lines: [String]) -> [Action] { lines.map { .send(.say($0)) } }

    // MARK: Time

    private mutating func timePassed(_ timer: Timer, at now: Date) -> [Action] {
        switch (timer, state) {
        case (.greeting, .greeting), (.greeting, .asking): return refuse(.unusableGreeting(.silence))
        case (.heartbeat, .attached(let attached)):
            return [.renew(attached.attachment), .wait(.heartbeat, Self.pause(attached.attachment))]
        case (.pairing, .pending(var pending)):
            return proceed(.waits(pending.timePassed(at: now)), pending, now)
        case (.alive, .attached), (.alive, .pending):
            return [.send(.alive), .wait(.alive, Self.aliveInterval)]
        case (.reminder, .attached(let attached)):
            return Self.say(attached.news.reminder(at: now)) + [.wait(.reminder, AttachmentNews.interval)]
        case (.news, .attached(var attached)):
            let lines = attached.news.timePassed(at: now)
            state = .attached(attached)
            return Self.say(lines) + waitForNews(attached, at: now)
        case (.visitor(let visitor), .attached): return visitors.timePassed(visitor)
        case (.spare, .attached): return visitors.sparePauseEnded(stream: newStream)
        case (.stream(let stream), .attached): return visitors.timePassed(stream, another: newStream)
        case (.end, .ending): return finish()
        default: return []
        }
    }

    private func waitForNews(_ attached: Attached, at now: Date) -> [Action] {
        guard let moment = attached.news.nextMoment else { return [] }
        return [.wait(.news, .milliseconds(Int(max(1, moment.timeIntervalSince(now) * 1000 + 1))))]
    }

    // MARK: The end

    private mutating func refuse(_ refusal: Refusal) -> [Action] {
        state = .over
        return [.refuseMachine(refusal)]
    }

    /// If only the service is silent, the machine can come back.
    private mutating func revoked(_ refusal: Refusal) -> [Action] {
        if case .pending(let pending) = state { return leave(pending, saying: refusal.message.text) }
        guard case .attached(let attached) = state else { return refuse(refusal) }
        let departure: AttachmentDeparture = if case .serviceSilent = refusal { .lost } else { .bye }
        return visitors.endAll() + [.send(.end(refusal.message.text))] + leave(attached, departure)
    }

    /// The machine ends it, for good: whoever is inside is told by the service.
    private mutating func leave(_ attached: Attached, _ departure: AttachmentDeparture) -> [Action] {
        state = .ending(.departure)
        return [.leave(attached.attachment, departure), .wait(.end, Self.endTime)] + visitors.endSpare()
    }

    /// The service has ended it. The script leaves by itself then, and says so.
    private mutating func end(_ attached: Attached) -> [Action] {
        state = .ending(.script)
        return [.send(.end(attached.news.end)), .wait(.end, Self.endTime)] + visitors.endSpare()
    }

    /// The connection is gone; the machine can come back.
    private mutating func lost() -> [Action] {
        switch state {
        case .attached(let attached):
            return visitors.endAll() + leave(attached, .lost)
        case .pending(let pending): return leave(pending)
        case .asking:
            state = .ending(.answer)
            return [.wait(.end, Self.endTime)]
        // It does not even say what it is.
        case .greeting where stranger != nil: return stranger.map { refuse($0) } ?? []
        case .greeting, .ending(.script): return finish()
        case .ending, .over: return []
        }
    }

    private mutating func finish() -> [Action] {
        state = .over
        return visitors.endAll() + [.finish(.success)]
    }
}
