/// Where a builder listens, and how it proves that it is that builder.
public struct BuilderAddress: Equatable, Sendable {
    /// An IPv4 or IPv6 literal; no name is ever looked up.
    public var address: String
    public var port: UInt16
    public var user: String
    /// `<type> <base64>` each. One of them must be shown before anything is sent that authenticates us; where there is
    /// none, whoever connects has to say what to do with the key that is shown.
    public var hostKeys: [String]

    public init(address: String, port: UInt16, user: String, hostKeys: [String]) {
        self.address = address
        self.port = port
        self.user = user
        self.hostKeys = hostKeys
    }
}
