public import BuildAPI

/// Where a builder listens, and how it proves which builder it is.
public struct BuilderAddress: Equatable, Sendable {
    public var endpoint: Job.Builder.Endpoint
    public var user: String
    /// `<type> <base64>` each. The builder must show one of them before anything is sent that authenticates us; if
    /// there are none, the caller has to decide about the key that it shows.
    public var hostKeys: [String]
    /// For an attached machine: the line that its endpoint, a socket, wants to read first, with its end. It hands over two
    /// pipes then, not a connection. Nil: another builder.
    public var greeting: String?

    public init(
        endpoint: Job.Builder.Endpoint, user: String, hostKeys: [String], greeting: String? = nil
    ) {
        self.endpoint = endpoint
        self.user = user
        self.hostKeys = hostKeys
        self.greeting = greeting
    }
}
