public import FoundationEssentials

/// A machine that has dialled a gateway, as the job that people enter it by (API v1: *attachment*).
///
/// The gateway tells the service about it, and renews it: without heartbeats the machine is away, and lost some minutes later.
public struct Attachment: Codable, Equatable, Sendable {
    /// 32 hexadecimal digits, chosen by the service. Whoever knows it can end the attachment.
    public var id: String
    /// With whose builder the machine is reached.
    public var job: Job
    /// It is away after this many seconds without a heartbeat.
    public var lease: UInt32
    /// How many seconds a machine that is away can come back for, with the secret.
    public var reconnect: UInt32
    /// Of its host keys, each `<type> <base64>`, by the service's host authority; nil: there is none.
    public var certificates: [String]?
    /// With which the same machine comes back: only in the answers to the requests that attach and resume.
    public var secret: String?
    /// The id of the service's own user on the gateway's host, which may ask at the endpoint for streams: the service works in
    /// the machine; nil: it does not.
    public var serviceUser: UInt32?

    enum CodingKeys: String, CodingKey {
        case id, job, lease, reconnect, certificates, secret
        case serviceUser = "service_user"
    }

    public init(
        id: String, job: Job, lease: UInt32, reconnect: UInt32, certificates: [String]? = nil,
        secret: String? = nil, serviceUser: UInt32? = nil
    ) {
        self.id = id
        self.job = job
        self.lease = lease
        self.reconnect = reconnect
        self.certificates = certificates
        self.secret = secret
        self.serviceUser = serviceUser
    }
}

/// The body of `POST /v1/attachments`: 201 and an ``Attachment``. What the machine says of itself is unchecked.
public struct NewAttachment: Codable, Equatable, Sendable {
    /// `<type> <base64>` of the key with which the machine has logged in; the service looks its owner up.
    public var key: String
    /// The machine's address, as the gateway sees it.
    public var from: String
    /// Where the gateway hands over connections to the machine's SSH server.
    public var endpoint: String
    /// The user name to log in with.
    public var user: String
    /// Each `<type> <base64>`: one to four.
    public var hostKeys: [String]
    /// Whether a command is still running there; otherwise the job has failed already.
    public var running: Bool
    /// The exit status with which the command has failed; nil: there is none, or it is still running.
    public var exitStatus: Int?
    /// By which people can name the job instead of by its number: ``JobName``.
    public var name: String?
    public var note: String?
    /// The member of the key's owner, a robot, whose job it becomes; nil: every member's.
    public var member: String?
    public var visibility: Visibility?
    /// When the CI ends the job: no deadline and no promise is later.
    public var until: Date?
    /// For how many seconds somebody is waited for; nil: the service decides.
    public var wait: Int?
    /// After how many seconds without anybody inside the machine ends; nil: the service decides.
    public var idle: Int?
    /// As uname(1) says it: `Linux`, `x86_64`.
    public var system: String?
    public var architecture: String?
    /// Whether the output of its command comes, as the log; nil: it can.
    public var log: Bool?
    /// The host name of the gateway, if it is not the only one.
    public var gateway: String?

    enum CodingKeys: String, CodingKey {
        case key, from, endpoint, user
        case hostKeys = "host_keys"
        case running
        case exitStatus = "exit_status"
        case name, note, member, visibility, until, wait, idle, system, architecture, log, gateway
    }

    public init(
        key: String, from: String, endpoint: String, user: String, hostKeys: [String], running: Bool,
        exitStatus: Int? = nil, name: String? = nil, note: String? = nil, member: String? = nil,
        visibility: Visibility? = nil, until: Date? = nil, wait: Int? = nil, idle: Int? = nil,
        system: String? = nil, architecture: String? = nil, log: Bool? = nil,
        gateway: String? = nil
    ) {
        self.key = key
        self.from = from
        self.endpoint = endpoint
        self.user = user
        self.hostKeys = hostKeys
        self.running = running
        self.exitStatus = exitStatus
        self.name = name
        self.note = note
        self.member = member
        self.visibility = visibility
        self.until = until
        self.wait = wait
        self.idle = idle
        self.system = system
        self.architecture = architecture
        self.log = log
        self.gateway = gateway
    }
}

/// The body of `POST /v1/attachments/resumption`: 200 and an ``Attachment`` with a new id and a new secret. The attachment
/// before has ended then; the job has not.
public struct Resumption: Codable, Equatable, Sendable {
    public var job: JobID
    /// Of the attachment before.
    public var secret: String
    /// As in ``NewAttachment``. The host keys must be the same.
    public var key: String
    public var from: String
    public var endpoint: String
    public var hostKeys: [String]
    public var gateway: String?

    enum CodingKeys: String, CodingKey {
        case job, secret, key, from, endpoint, gateway
        case hostKeys = "host_keys"
    }

    public init(
        job: JobID, secret: String, key: String, from: String, endpoint: String, hostKeys: [String],
        gateway: String? = nil
    ) {
        self.gateway = gateway
        self.job = job
        self.secret = secret
        self.key = key
        self.from = from
        self.endpoint = endpoint
        self.hostKeys = hostKeys
    }
}

/// The body of `POST /v1/attachments/{id}/exit`: the machine's command has ended.
public struct AttachedExit: Codable, Equatable, Sendable {
    /// As in the shell: 128 + N after signal N.
    public var exitStatus: Int

    enum CodingKeys: String, CodingKey { case exitStatus = "exit_status" }

    public init(exitStatus: Int) {
        self.exitStatus = exitStatus
    }
}

extension Job {
    /// Whether its machine was there before it, and has a command of its own, or none. Otherwise the service runs its tasks, also on
    /// a machine that has dialled.
    public var hasAttachedItself: Bool { attached != nil && pool == nil }

    /// That its machine has dialled a gateway, and what is known about that.
    public struct Attached: Codable, Equatable, Sendable {
        /// The address that it came from.
        public var from: String
        /// The fingerprint of the key that it logged in with.
        public var key: String
        /// Whether somebody has got it by its code, and not by that key; nil: by the key.
        public var adopted: Bool?
        /// As the machine says.
        public var system: String?
        public var architecture: String?
        /// When the CI ends the job; nil: it has not said.
        public var until: Date?
        /// Whether its connection to the gateway is there; nil: it is.
        public var away: Bool?
        /// The host name of the gateway that it has dialled, and at which it can be entered; nil: there is only one.
        public var gateway: String?
        /// After how many seconds without a byte a session there ends; nil: the gateway decides.
        public var idle: Int?

        public init(
            from: String, key: String, adopted: Bool? = nil, system: String? = nil,
            architecture: String? = nil, until: Date? = nil, away: Bool? = nil, idle: Int? = nil,
            gateway: String? = nil
        ) {
            self.gateway = gateway
            self.from = from
            self.key = key
            self.adopted = adopted
            self.system = system
            self.architecture = architecture
            self.until = until
            self.away = away
            self.idle = idle
        }
    }
}
