public import FoundationEssentials

/// The service's promise that a builder stays alive for a session (API v1: *claim*).
public struct Claim: Codable, Equatable, Sendable {
    public enum Kind: String, Codable, Sendable, CaseIterable {
        /// An interactive shell on a terminal: its end by `logout` counts.
        case shell
        /// A single command, or a shell without a terminal.
        case exec
        /// A connection of the person's own client to the builder's SSH server.
        case proxy
    }

    /// Why a claim is released. The reason decides what happens to the builder.
    public enum Reason: String, Codable, Sendable, CaseIterable {
        /// The owner logged out of the remote interactive shell. After the last one the service can end the builder.
        case logout
        /// The session ended in another way, as a single command does. The builder's keep-time starts again.
        case done
        /// Hang-up, kill, network gone. The builder's keep-time starts again.
        case lost
    }

    public var id: String
    public var job: JobID
    /// Nil: the service does not repeat it.
    public var kind: Kind?
    /// The live builder to which the claim is bound.
    public var builder: Job.Builder
    public var deadline: Date?
    /// The claim ends after this many seconds without a heartbeat. (No arithmetic with them can overflow an `Int`.)
    public var lease: UInt32
    /// With kind `proxy`: whether the service has added the person's key to the builder, and removes it with the last
    /// claim of that key. If this is not true, gateways do that themselves.
    public var keyAdmitted: Bool?

    enum CodingKeys: String, CodingKey {
        case id, job, kind, builder, deadline, lease
        case keyAdmitted = "key_admitted"
    }

    public init(
        id: String, job: JobID, kind: Kind?, builder: Job.Builder, deadline: Date?, lease: UInt32,
        keyAdmitted: Bool? = nil
    ) {
        self.id = id
        self.job = job
        self.kind = kind
        self.builder = builder
        self.deadline = deadline
        self.lease = lease
        self.keyAdmitted = keyAdmitted
    }
}

/// The body of `POST /v1/jobs/{id}/claims`. A `session` that asks twice gets the same claim.
public struct ClaimRequest: Codable, Equatable, Sendable {
    public struct Claimant: Codable, Equatable, Sendable {
        public var id: String

        public init(id: String) {
            self.id = id
        }
    }

    public var session: String
    public var kind: Claim.Kind
    public var person: Claimant
    public var keyFingerprint: String
    /// `<type> <base64>` of the key that authenticated; the service checks the person again.
    public var key: String
    /// The client's address.
    public var from: String
    /// Why an administrator enters somebody else's builder; nil: they have not said it, or it is their own.
    public var reason: String?

    enum CodingKeys: String, CodingKey {
        case session, kind, person
        case keyFingerprint = "key_fingerprint"
        case key, from, reason
    }

    public init(
        session: String, kind: Claim.Kind, person: Claimant, keyFingerprint: String, key: String,
        from: String,
        reason: String? = nil
    ) {
        self.session = session
        self.kind = kind
        self.person = person
        self.keyFingerprint = keyFingerprint
        self.key = key
        self.from = from
        self.reason = reason
    }
}
