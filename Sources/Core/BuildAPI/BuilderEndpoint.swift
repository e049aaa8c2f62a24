import FoundationEssentials

extension Job.Builder {
    /// Where a builder's SSH server is reached.
    public enum Endpoint: Equatable, Sendable {
        /// An IP literal, never a name.
        case address(String, port: UInt16)
        /// A Unix socket on the gateway's own host, which hands over a connection to the server (docs/build-service.md).
        case socket(path: String)
    }
}

/// API v1: `address` and `port`, or `endpoint`, which is `unix:/path`.
extension Job.Builder {
    private static let scheme = "unix:"

    /// Without a port, it is SSH's: 22. With both forms the socket counts: the address is for gateways that do not know
    /// sockets.
    public init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            state: try members.decode(State.self, forKey: .state),
            endpoint: try Self.endpoint(from: members),
            user: try members.decode(String.self, forKey: .user),
            hostKeys: try members.decode([String].self, forKey: .hostKeys),
            keptUntil: try members.decodeIfPresent(Date.self, forKey: .keptUntil),
            accelerator: try members.decodeIfPresent(Accelerator.self, forKey: .accelerator),
            isolated: try members.decodeIfPresent(Bool.self, forKey: .isolated),
            certified: try members.decodeIfPresent(Bool.self, forKey: .certified),
            firstUse: try members.decodeIfPresent(Bool.self, forKey: .firstUse))
    }

    private static func endpoint(
        from members: KeyedDecodingContainer<CodingKeys>
    ) throws -> Endpoint {
        guard let text = try members.decodeIfPresent(String.self, forKey: .endpoint) else {
            return .address(
                try members.decode(String.self, forKey: .address),
                port: try members.decodeIfPresent(UInt16.self, forKey: .port) ?? 22)
        }
        guard text.hasPrefix("\(scheme)/") else {
            throw DecodingError.dataCorruptedError(
                forKey: .endpoint, in: members, debugDescription: "expected \"unix:/path\"")
        }
        return .socket(path: String(text.dropFirst(scheme.count)))
    }

    public func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: CodingKeys.self)
        try members.encode(state, forKey: .state)
        switch endpoint {
        case .address(let address, let port):
            try members.encode(address, forKey: .address)
            try members.encode(port, forKey: .port)
        case .socket(let path): try members.encode(Self.scheme + path, forKey: .endpoint)
        }
        try members.encode(user, forKey: .user)
        try members.encode(hostKeys, forKey: .hostKeys)
        try members.encodeIfPresent(keptUntil, forKey: .keptUntil)
        try members.encodeIfPresent(accelerator, forKey: .accelerator)
        try members.encodeIfPresent(isolated, forKey: .isolated)
        try members.encodeIfPresent(certified, forKey: .certified)
        try members.encodeIfPresent(firstUse, forKey: .firstUse)
    }
}
