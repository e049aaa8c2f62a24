/// The certificate authority for the host keys of all builders (API v1: *host authority*).
public struct HostAuthority: Codable, Equatable, Sendable {
    /// The certificate authority's public key, `<type> <base64>`.
    public var key: String
    /// Each builder's host key is certified for the names `job-{id}` and, with each of these, `job-{id}.{suffix}`.
    public var suffixes: [String]
    /// The user name for logging in to builders.
    public var user: String

    public init(key: String, suffixes: [String], user: String) {
        self.key = key
        self.suffixes = suffixes
        self.user = user
    }
}
