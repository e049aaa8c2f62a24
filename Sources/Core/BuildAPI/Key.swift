public import FoundationEssentials

/// A public key and the person it belongs to (API v1: *key*).
public struct Key: Codable, Equatable, Sendable {
    /// `SHA256:` and base64 without padding, as `ssh-keygen -l` prints it.
    public var fingerprint: String
    /// The key type's name, such as `ssh-ed25519`.
    public var type: String
    /// The key's blob in base64 with padding, as in an authorized_keys line.
    public var key: String
    public var comment: String
    public var owner: Person
    /// A suspended person has no rights.
    public var suspended: Bool
    /// Whether the owner can enter other people's jobs.
    public var administrator: Bool
    /// In which the owner is; nil or empty: in none.
    public var groups: [Group]?
    /// The version of the terms of use that the owner has to accept before any claim; nil: there is nothing to accept.
    public var unacceptedTerms: String?
    /// What restricts it; nil or empty: nothing. A key with a limit that the reader does not know is of no use.
    public var limits: [Limit]?
    /// When a key with limits ends; nil: it does not.
    public var expires: Date?
    /// The addresses and ranges (``AddressRange``) that a key with limits is good from; nil or empty: any.
    public var from: [String]?
    /// When it became this person's, or was sent to become it; nil: unknown.
    public var added: Date?
    /// With which the key is confirmed: only in the answer to the request that has added it.
    public var word: String?

    enum CodingKeys: String, CodingKey {
        case fingerprint, type, key, comment, owner, suspended, administrator, groups
        case unacceptedTerms = "unaccepted_terms"
        case limits, expires, from, added, word
    }

    public init(
        fingerprint: String, type: String, key: String, comment: String, owner: Person, suspended: Bool,
        administrator: Bool = false, groups: [Group]? = nil, unacceptedTerms: String? = nil,
        limits: [Limit]? = nil,
        expires: Date? = nil, from: [String]? = nil, added: Date? = nil, word: String? = nil
    ) {
        self.fingerprint = fingerprint
        self.type = type
        self.key = key
        self.comment = comment
        self.owner = owner
        self.suspended = suspended
        self.administrator = administrator
        self.groups = groups
        self.unacceptedTerms = unacceptedTerms
        self.limits = limits
        self.expires = expires
        self.from = from
        self.added = added
        self.word = word
    }

    /// A service needs to know only whose key it is. `suspended` has no default, so that nobody gets in because it was
    /// forgotten.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        fingerprint = try container.decode(String.self, forKey: .fingerprint)
        type = try container.decodeIfPresent(String.self, forKey: .type) ?? ""
        key = try container.decodeIfPresent(String.self, forKey: .key) ?? ""
        comment = try container.decodeIfPresent(String.self, forKey: .comment) ?? ""
        owner = try container.decode(Person.self, forKey: .owner)
        suspended = try container.decode(Bool.self, forKey: .suspended)
        administrator = try container.decodeIfPresent(Bool.self, forKey: .administrator) ?? false
        groups = try container.decodeIfPresent([Group].self, forKey: .groups)
        unacceptedTerms = try container.decodeIfPresent(String.self, forKey: .unacceptedTerms)
        limits = try container.decodeIfPresent([Limit].self, forKey: .limits)
        expires = try container.decodeIfPresent(Date.self, forKey: .expires)
        from = try container.decodeIfPresent([String].self, forKey: .from)
        added = try container.decodeIfPresent(Date.self, forKey: .added)
        word = try container.decodeIfPresent(String.self, forKey: .word)
    }
}

extension Key {
    /// What restricts a key. Services tell of a key with limits only to those who say that they know these limits.
    public struct Limit: RawRepresentable, Codable, Hashable, Sendable {
        public let rawValue: String

        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// The key is pending: its holder has to confirm it, and it belongs to nobody until then. It can be pending for
        /// several people; `owner` is one of them.
        public static let confirm = Limit(rawValue: "confirm")
        /// All that can be done with the key is to attach a machine.
        public static let attach = Limit(rawValue: "attach")
        /// All that can be done with the key is to bring a machine that is nobody's until somebody adopts it. Its private
        /// half can be public.
        public static let pair = Limit(rawValue: "pair")
    }

    /// Whether it is good for everything that its owner can do.
    public var isUnlimited: Bool { limits?.isEmpty != false }

    /// The parameter of requests about keys that names the limits we know.
    package static let knownLimits =
        "limits=\(Limit.confirm.rawValue),\(Limit.attach.rawValue),\(Limit.pair.rawValue)"

    /// Where a service is asked whose key it is: `GET` of this path and query (RFC 9112, section 3.2).
    package static func requestTarget(fingerprint: String) -> String {
        "/v1/keys/\(fingerprint.percentEncoded)?\(knownLimits)"
    }
}

/// The body of `POST /v1/keys/{fingerprint}/confirmation`.
public struct KeyConfirmation: Codable, Equatable, Sendable {
    /// As the person entered it.
    public var word: String

    public init(word: String) {
        self.word = word
    }
}

/// The answer to `GET /v1/keys`.
public struct KeyList: Codable, Equatable, Sendable {
    public var keys: [Key]
    public var next: String?

    public init(keys: [Key], next: String? = nil) {
        self.keys = keys
        self.next = next
    }
}

/// The body of `POST /v1/keys`.
public struct NewKey: Codable, Equatable, Sendable {
    /// The owner's name; the owner's id if a gateway asks.
    public var owner: String
    /// One line, as in a `.pub` file: `<type> <base64> [comment]`.
    public var key: String
    /// What the key is limited to; nil or empty: nothing. ``Key/Limit/attach`` can be asked for, and by operators
    /// ``Key/Limit/pair``.
    public var limits: [Key.Limit]?
    /// When a limited key ends; nil: it does not.
    public var expires: Date?
    /// The addresses and ranges (``AddressRange``) that a limited key is good from; nil or empty: any.
    public var from: [String]?

    public init(
        owner: String, key: String, limits: [Key.Limit]? = nil, expires: Date? = nil, from: [String]? = nil
    ) {
        self.owner = owner
        self.key = key
        self.limits = limits
        self.expires = expires
        self.from = from
    }
}
