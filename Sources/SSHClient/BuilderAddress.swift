/// Where a builder listens, and how it proves which builder it is.
public struct BuilderAddress: Equatable, Sendable {
    /// An IPv4 or IPv6 literal; names are never looked up.
    public var address: String
    public var port: UInt16
    public var user: String
    /// `<type> <base64>` each. The builder must show one of them before anything is sent that authenticates us; if
    /// there are none, the caller has to decide about the key that it shows.
    public var hostKeys: [String]

    public init(address: String, port: UInt16, user: String, hostKeys: [String]) {
        self.address = address
        self.port = port
        self.user = user
        self.hostKeys = hostKeys
    }
}
