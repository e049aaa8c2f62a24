import BuildAPI
import FoundationEssentials

/// What a machine says of itself before it is attached, message by message. All of it is unchecked.
struct AttachmentGreeting {
    /// What the gateway knows of the machine by itself.
    struct Origin: Equatable {
        /// `<type> <base64>` of the key that has logged in.
        var key: String
        var address: String
        /// Where persons' processes reach the machine.
        var endpoint: String
        /// This gateway's own name; nil: it is the only one.
        var gateway: String?
    }

    static let mostHostKeys = 4

    private(set) var user: String?
    private(set) var hostKeys: [String] = []
    private(set) var system: String?
    private(set) var architecture: String?
    /// Why there can be no terminal.
    private(set) var obstacle: String?
    private(set) var isRunning: Bool?
    private(set) var status: Int?
    private(set) var name: String?
    private(set) var note: String?
    private(set) var member: String?
    private(set) var visibility: Visibility?
    private(set) var left: Int?
    private(set) var wait: Int?
    private(set) var idle: Int?
    private(set) var sendsLog = false
    /// Whether the machine is nobody's until somebody adopts it.
    private(set) var isPairing = false
    private(set) var resumption: (job: JobID, secret: String)?
    private var said: Set<String> = []

    /// Takes a message of the greeting.
    ///
    /// - Returns: whether it was the last one.
    mutating func take(_ message: AttachmentMessage) throws(AttachmentFault) -> Bool {
        switch message {
        case .user(let user): self.user = try once("user", user)
        case .hostKey(let key):
            guard hostKeys.count < Self.mostHostKeys else { throw .repeated("host-key") }
            if !hostKeys.contains(key) { hostKeys.append(key) }
        case .system(let system): self.system = try once("system", system)
        case .architecture(let architecture): self.architecture = try once("architecture", architecture)
        case .terminal(let obstacle): self.obstacle = try once("terminal", obstacle)
        case .state(let isRunning, let status):
            (self.isRunning, self.status) = try once("state", (isRunning, status))
        case .name(let name): self.name = try once("name", name)
        case .note(let note): self.note = try once("note", note)
        case .member(let member): self.member = try once("for", member)
        case .visibility(let visibility): self.visibility = try once("visibility", visibility)
        case .left(let seconds): left = try once("left", seconds)
        case .wait(let seconds): wait = try once("wait", seconds)
        case .idle(let seconds): idle = try once("idle", seconds)
        case .log: sendsLog = try once("log", true)
        case .pair: isPairing = try once("pair", true)
        case .resume(let job, let secret): resumption = try once("resume", (job, secret))
        case .done:
            guard user != nil else { throw .missing("user") }
            guard !hostKeys.isEmpty else { throw .missing("host-key") }
            guard isRunning != nil else { throw .missing("state") }
            return true
        case .exit, .keyed, .cancelled, .bye, .alive, .unknown: break
        }
        return false
    }

    private mutating func once<Value>(_ word: String, _ value: Value) throws(AttachmentFault) -> Value {
        guard said.insert(word).inserted else { throw .repeated(word) }
        return value
    }

    /// After the last message.
    ///
    /// - Parameters:
    ///   - name: instead of the one that the machine asks for, which is taken.
    ///   - exit: how the command has ended since.
    func attachment(
        of origin: Origin, named name: String?, after exit: Int? = nil, at now: Date
    ) -> NewAttachment {
        NewAttachment(
            key: origin.key, from: origin.address, endpoint: origin.endpoint, user: user ?? "",
            hostKeys: hostKeys,
            running: exit == nil && isRunning == true, exitStatus: exit ?? status, name: name, note: note,
            member: member,
            visibility: visibility, until: left.map { now.addingTimeInterval(Double($0)) }, wait: wait,
            idle: idle,
            system: system, architecture: architecture, log: sendsLog,
            gateway: origin.gateway)
    }

    /// Nil: the machine is a new one.
    func resumption(of origin: Origin) -> Resumption? {
        resumption.map {
            Resumption(
                job: $0.job, secret: $0.secret, key: origin.key, from: origin.address,
                endpoint: origin.endpoint,
                hostKeys: hostKeys, gateway: origin.gateway)
        }
    }
}
