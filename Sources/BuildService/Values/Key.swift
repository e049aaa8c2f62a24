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
    /// A suspended person may do nothing.
    public var suspended: Bool

    public init(
        fingerprint: String, type: String, key: String, comment: String, owner: Person, suspended: Bool
    ) {
        self.fingerprint = fingerprint
        self.type = type
        self.key = key
        self.comment = comment
        self.owner = owner
        self.suspended = suspended
    }
}

/// The answer to `GET /v1/keys?owner=`.
public struct KeyList: Codable, Equatable, Sendable {
    public var keys: [Key]

    public init(keys: [Key]) {
        self.keys = keys
    }
}

/// The body of `POST /v1/keys`.
public struct NewKey: Codable, Equatable, Sendable {
    /// The owner's name.
    public var owner: String
    /// One line as in a `.pub` file: `<type> <base64> [comment]`.
    public var key: String

    public init(owner: String, key: String) {
        self.owner = owner
        self.key = key
    }
}
