public import BuildAPI

/// A machine that has dialled a gateway with the key of its allocation. What it says of itself is unchecked.
public struct DialledMachine: Equatable, Sendable {
    /// The socket of the gateway's process.
    public var endpoint: Job.Builder.Endpoint
    /// The user name to log in with.
    public var user: String
    /// `<type> <base64>` each.
    public var hostKeys: [String]

    public init(endpoint: Job.Builder.Endpoint, user: String, hostKeys: [String]) {
        self.endpoint = endpoint
        self.user = user
        self.hostKeys = hostKeys
    }
}
