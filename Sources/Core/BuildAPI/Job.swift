public import FoundationEssentials

/// One build (API v1: *job*).
public struct Job: Codable, Equatable, Sendable {
    public enum Status: String, Codable, Sendable, CaseIterable {
        case pending, queued, running, success, failed, timeout, cancelled

        /// Whether a job in this status will never run again.
        public var isFinal: Bool {
            switch self {
            case .pending, .queued, .running: false
            case .success, .failed, .timeout, .cancelled: true
            }
        }
    }

    public typealias Visibility = BuildAPI.Visibility

    public var id: JobID
    /// By which people can name it instead; nil: by its id alone.
    public var name: String?
    public var owner: Party
    /// Who submitted a group's job; nil: the owner, or the service does not say.
    public var submitter: Person?
    public var note: String?
    public var status: Status
    /// The name of the pool that its builder comes from; nil: the service's own builders, or it has no pools.
    public var pool: String?
    /// What the builder must be; nil: anything that the pool has. Hostile text.
    public var arch: String?
    /// Why there is no builder yet, in a line for people; nil: the service does not say, or the job does not wait. Hostile
    /// text.
    public var waits: String?
    public var visibility: Visibility
    /// Nil: the service does not say.
    public var created: Date?
    /// When the builder ends; nil until the service has set it.
    public var deadline: Date?
    /// The latest time that the deadline can be moved to.
    public var maxDeadline: Date?
    /// Whether the builder stays until the deadline, even if nobody is inside.
    public var held: Bool
    /// What becomes of a kept builder when its owner logs out of the last shell; nil: it ends.
    public var logout: Logout?
    /// How many seconds a kept builder stays after the last session, if its deadline is not earlier; nil: until its
    /// deadline.
    public var keep: Int?
    public var shares: [Party]
    /// In the order in which they run.
    public var tasks: [Task]
    /// Whether the builder is kept after success too.
    public var shell: Bool
    /// Nil before there is one, and after it has ended.
    public var builder: Builder?
    /// Why the last builder ended; nil while there is one, or if the service does not say.
    public var builderEnd: BuilderEnd?
    /// Of a machine that has dialled a gateway; nil: the service started its builder.
    public var attached: Attached?
    /// Of a job that was made of a finished one; nil: of none.
    public var rerun: Rerun?
    public var sessions: [Session]
    /// Who has entered the builder before its tasks had ended: the first entry of each person by each door, at most
    /// ``mostEarlyEntries``, and never taken back. Nil: nobody by a door of the gateway's, or the service does not say.
    public var entered: [EarlyEntry]?
    /// Which administrators have entered the builder, as far as they have said why. Nil: none.
    public var administratorEntries: [AdministratorEntry]?
    /// What is kept of the files that its tasks leave behind; nil: nothing is.
    public var artifacts: Artifacts?
    /// The owner's oldest finished jobs, which had to go for this one: only in the answer to its submission.
    public var removed: [JobID]?

    enum CodingKeys: String, CodingKey {
        case id, name, owner, submitter, note, status, pool, arch, waits, visibility, created, deadline
        case maxDeadline = "max_deadline"
        case held, logout, keep, shares, tasks, shell, builder
        case builderEnd = "builder_end"
        case attached, rerun, sessions, entered, artifacts, removed
        case administratorEntries = "administrator_entries"
    }

    public init(
        id: JobID, name: String? = nil, owner: Party, submitter: Person? = nil, note: String? = nil,
        status: Status,
        pool: String? = nil, arch: String? = nil, waits: String? = nil,
        visibility: Visibility = .unlisted, created: Date? = nil, deadline: Date? = nil,
        maxDeadline: Date? = nil, held: Bool = false,
        logout: Logout? = nil, keep: Int? = nil, shares: [Party] = [], tasks: [Task] = [],
        shell: Bool = false, builder: Builder? = nil,
        builderEnd: BuilderEnd? = nil, attached: Attached? = nil, rerun: Rerun? = nil,
        sessions: [Session] = [], entered: [EarlyEntry]? = nil,
        administratorEntries: [AdministratorEntry]? = nil, artifacts: Artifacts? = nil,
        removed: [JobID]? = nil
    ) {
        self.id = id
        self.name = name
        self.owner = owner
        self.submitter = submitter
        self.note = note
        self.status = status
        self.pool = pool
        self.arch = arch
        self.waits = waits
        self.visibility = visibility
        self.created = created
        self.deadline = deadline
        self.maxDeadline = maxDeadline
        self.held = held
        self.logout = logout
        self.keep = keep
        self.shares = shares
        self.tasks = tasks
        self.shell = shell
        self.builder = builder
        self.builderEnd = builderEnd
        self.attached = attached
        self.rerun = rerun
        self.sessions = sessions
        self.entered = entered
        self.administratorEntries = administratorEntries
        self.artifacts = artifacts
        self.removed = removed
    }
}

extension Job {
    /// A word of API v1. Readers accept the words of later versions too.
    public struct Logout: RawRepresentable, Codable, Hashable, Sendable {
        public let rawValue: String

        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// The builder ends.
        public static let end = Logout(rawValue: "end")
        /// The builder stays, and the gateway asks the owner whether to end it.
        public static let ask = Logout(rawValue: "ask")
    }

    /// Whether the builder ends when its owner logs out of the last shell.
    public var endsAtLogout: Bool { !held && (logout ?? .end) == .end }

    /// Whether the deadline of a kept builder can still be moved. (Times on the wire are whole seconds.)
    public var canBeExtended: Bool {
        guard status.isFinal, let deadline, let maxDeadline else { return false }
        return maxDeadline.timeIntervalSince(deadline) >= 1
    }

    /// One step of a job.
    public struct Task: Codable, Equatable, Sendable {
        public enum Status: String, Codable, Sendable, CaseIterable {
            case pending, running, success, failed, skipped
        }

        public var name: String
        public var status: Status
        public var started: Date?
        public var ended: Date?
        /// The script's own exit status, or 128 + N if signal N killed it.
        public var exitStatus: Int?
        /// The path of its script in the builder, in the form that a shell there accepts; nil if it is unknown.
        public var script: String?
        /// What the builder ran out of, if that can be why the task failed.
        public var shortage: Shortage?
        /// Whether it has ended the job early, as a success; nil: it has not.
        public var completeBuild: Bool?

        enum CodingKeys: String, CodingKey {
            case name, status, started, ended
            case exitStatus = "exit_status"
            case script, shortage
            case completeBuild = "complete_build"
        }

        public init(
            name: String, status: Status, started: Date? = nil, ended: Date? = nil, exitStatus: Int? = nil,
            script: String? = nil, shortage: Shortage? = nil, completeBuild: Bool? = nil
        ) {
            self.name = name
            self.status = status
            self.started = started
            self.ended = ended
            self.exitStatus = exitStatus
            self.script = script
            self.shortage = shortage
            self.completeBuild = completeBuild
        }
    }

    /// The machine that runs, or ran, the job.
    public struct Builder: Codable, Equatable, Sendable {
        public enum State: String, Codable, Sendable, CaseIterable {
            /// It cannot be reached yet.
            case booting
            /// Its SSH server answers; tasks run or will run.
            case ready
            /// The tasks have ended; it stays for people to look at.
            case kept
        }

        public var state: State
        /// Where its SSH server is reached.
        public var endpoint: Endpoint
        /// The user name to log in with.
        public var user: String
        /// Each `<type> <base64>`. These identify the builder; its endpoint does not.
        public var hostKeys: [String]
        public var keptUntil: Date?
        /// How its instructions are executed; nil: the service does not say.
        public var accelerator: Accelerator?
        /// Whether its virtual machine runs apart from the build service, as a user of its own; nil: the service does not
        /// say.
        public var isolated: Bool?
        /// Whether the service's host authority certifies its host keys; nil: it does, if there is one.
        public var certified: Bool?
        /// Whether its host keys are those that it showed first, for which nobody vouches; nil: they are not.
        public var firstUse: Bool?

        enum CodingKeys: String, CodingKey {
            case state, endpoint, address, port, user
            case hostKeys = "host_keys"
            case keptUntil = "kept_until"
            case accelerator, isolated, certified
            case firstUse = "first_use"
        }

        public init(
            state: State, endpoint: Endpoint, user: String, hostKeys: [String],
            keptUntil: Date? = nil, accelerator: Accelerator? = nil, isolated: Bool? = nil,
            certified: Bool? = nil, firstUse: Bool? = nil
        ) {
            self.state = state
            self.endpoint = endpoint
            self.user = user
            self.hostKeys = hostKeys
            self.keptUntil = keptUntil
            self.accelerator = accelerator
            self.isolated = isolated
            self.certified = certified
            self.firstUse = firstUse
        }

        /// A word of API v1. Readers accept the words of later versions too.
        public struct Accelerator: RawRepresentable, Codable, Hashable, Sendable {
            public let rawValue: String

            public init(rawValue: String) {
                self.rawValue = rawValue
            }

            public static let kvm = Accelerator(rawValue: "kvm")
            /// Emulation in software: slow, and QEMU does not promise that nothing gets out of it.
            public static let tcg = Accelerator(rawValue: "tcg")
        }
    }

    /// A person inside the builder, or reading the log.
    public struct Session: Codable, Equatable, Sendable {
        /// The session id that the gateway has chosen.
        public var session: String
        public var person: Person
        public var kind: Claim.Kind
        /// The client's address, as the gateway sees it.
        public var from: String
        public var since: Date

        public init(session: String, person: Person, kind: Claim.Kind, from: String, since: Date) {
            self.session = session
            self.person = person
            self.kind = kind
            self.from = from
            self.since = since
        }
    }
}

/// The answer to `GET /v1/jobs`.
public struct JobList: Codable, Equatable, Sendable {
    public var jobs: [Job]
    public var next: String?

    public init(jobs: [Job], next: String? = nil) {
        self.jobs = jobs
        self.next = next
    }
}

extension JobID: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let identifier = JobID(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "expected the id of a job")
        }
        self = identifier
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
