import BuildAPI
import FoundationEssentials
import Glibc
import Presentation
import ServiceClient

/// A machine that is nobody's until somebody adopts it: a state machine without I/O and without a clock, inside
/// ``AttachmentMachine``.
struct PendingMachine {
    typealias Action = AttachmentMachine.Action

    /// What becomes of it.
    enum Step: Equatable {
        case waits([Action])
        /// Somebody has adopted it.
        case adopted(Attachment)
        /// It is nobody's, for good, and its script is told why; nil: it knows.
        case ends(String?)
    }

    /// The most between two questions whether somebody has adopted it.
    static let longestInterval = Duration.seconds(3)
    /// Seconds for which a silent service is asked after the end of the machine's time.
    static let grace = 10.0

    static let passed = "Nobody has adopted this machine in time."
    static let succeeded = "The command has succeeded, so nobody has to adopt this machine."

    let greeting: AttachmentGreeting
    private let origin: AttachmentGreeting.Origin
    private let enter: (String) -> String
    /// What the service knows of it; nil: it is told anew, because it has forgotten the machine.
    private(set) var pairing: Pairing?
    /// When the machine's time is up, whatever the service forgets.
    private var end: Date
    /// How the command has ended in the meantime; nil: it has not, or the greeting has said it.
    private(set) var exit: Int?
    /// The service has been asked, and has not answered.
    private var isAsking = false
    /// The next question has its time: one only, however many persons' processes make the machine ask before.
    private var isWaiting = false
    /// Persons' processes that have come for it already.
    private(set) var visitors: [(id: VisitorID, greeting: VisitorGreeting)] = []
    /// Somebody has come since the service was asked: the answer can be older than what they know.
    private var hasNewVisitor = false

    /// - Parameter enter: the full command line for words of the gateway's, with a terminal.
    init(
        _ pairing: Pairing, _ greeting: AttachmentGreeting, of origin: AttachmentGreeting.Origin,
        enter: @escaping (String) -> String
    ) {
        self.pairing = pairing
        (self.greeting, self.origin, self.enter) = (greeting, origin, enter)
        end = pairing.expires
    }

    /// What to type, alone on its line. The code is never said again.
    mutating func begin(at now: Date) -> [Action] {
        invitation("This machine is nobody's yet.", at: now) + wait()
    }

    private mutating func wait() -> [Action] {
        guard !isWaiting else { return [] }
        isWaiting = true
        return [.wait(.pairing, interval)]
    }

    /// Three questions are asked within a lease, which ends without one.
    private var interval: Duration {
        min(Self.longestInterval, pairing.map { .seconds($0.lease) / 3 } ?? Self.longestInterval)
    }

    private func invitation(_ first: String, at now: Date) -> [Action] {
        guard let code = pairing?.code else { return [] }
        let left = end.timeIntervalSince(now)
        let time = TimeLeft.text(left < 60 ? left : (left / 60).rounded() * 60)
        let whose = greeting.member.map { "\(HostileText.printable($0, limit: 64)) can make it theirs" }
        let line = enter("\(AdoptCommand.manual.name) \(HostileText.printable(code, limit: 40))")
        return [
            .send(.say("\(first) \(whose ?? "You can make it yours") and enter it within \(time):")),
            .send(.say(line)),
        ]
    }

    // MARK: The service

    /// It knows the machine again.
    mutating func paired(_ pairing: Pairing, at now: Date) -> Step {
        self.pairing = pairing
        isAsking = false
        end = min(end, pairing.expires)
        return .waits(
            invitation("The code before is no longer good.", at: now) + wait())
    }

    mutating func notPaired(_ error: ServiceError, at now: Date) -> Step {
        isAsking = false
        return unknown(error, at: now)
    }

    mutating func renewed(_ pairing: Pairing) -> Step {
        isAsking = false
        if let attachment = pairing.attachment { return .adopted(attachment) }
        guard !hasNewVisitor else { return .waits(ask()) }
        return .waits(sendAway() + wait())
    }

    mutating func notRenewed(_ error: ServiceError, at now: Date) -> Step {
        isAsking = false
        let away = sendAway()
        switch error.code {
        // Its time has passed, or that of the job which it has become: the service says which.
        case .builderGone:
            return .ends(error.problem?.detail.map { HostileText.printable($0, limit: 400) } ?? Self.passed)
        // The service has forgotten it, as when it starts again.
        case .noSuchJob:
            guard now < end else { return .ends(Self.passed) }
            pairing = nil
            return .waits(away + pair(at: now))
        default:
            guard case .waits(let actions) = unknown(error, at: now) else { return .ends(Self.passed) }
            return .waits(away + actions)
        }
    }

    /// The service does not say what has become of the machine.
    private mutating func unknown(_ error: ServiceError, at now: Date) -> Step {
        error.isTransient && now < end.addingTimeInterval(Self.grace) ? .waits(wait()) : .ends(Self.passed)
    }

    /// It is time to ask.
    mutating func timePassed(at now: Date) -> [Action] {
        isWaiting = false
        return pairing == nil ? pair(at: now) : ask()
    }

    private mutating func ask() -> [Action] {
        guard let pairing, !isAsking else { return [] }
        (isAsking, hasNewVisitor) = (true, false)
        return [.renewPairing(pairing)]
    }

    private mutating func pair(at now: Date) -> [Action] {
        guard !isAsking else { return [] }
        isAsking = true
        return [.pair(greeting.attachment(of: origin, named: greeting.name, after: exit, at: now))]
    }

    // MARK: The script, and people

    mutating func commandEnded(_ status: Int) -> Step {
        guard greeting.isRunning == true, exit == nil else { return .waits([]) }
        guard status != 0 else { return .ends(Self.succeeded) }
        exit = status
        return .waits([])
    }

    /// Someone comes, and waits until it is known whether somebody has adopted the machine.
    mutating func come(_ visitor: VisitorID, _ greeting: VisitorGreeting) -> [Action] {
        guard visitors.count < AttachedVisitors.most else { return [.refuse(visitor, errno: EUSERS)] }
        visitors.append((visitor, greeting))
        hasNewVisitor = true
        return ask()
    }

    mutating func left(_ visitor: VisitorID) { visitors.removeAll { $0.id == visitor } }

    /// Nobody has adopted it, so nobody can enter.
    mutating func sendAway() -> [Action] {
        defer { visitors = [] }
        return visitors.map { .refuse($0.id, errno: ENOTCONN) }
    }
}
