import CLibSSH

/// The gateway's credentials for builders.
public struct BuilderCredentials: ~Copyable {
    enum Method {
        /// The key belongs to the credentials.
        case publicKey(ssh_key)
        /// Only the user name (RFC 4252 section 5.2).
        case none
        case emptyPassword
    }

    private let identity: BuilderIdentity?
    /// In the order in which they are tried; at least one.
    let methods: [Method]

    /// The gateway's own key, and nothing else.
    public init(_ identity: consuming BuilderIdentity) {
        methods = [.publicKey(identity.key)]
        self.identity = .some(consume identity)
    }

    /// For builders that accept everyone: the gateway's key, if it has one, then no authentication, then an empty
    /// password.
    public init(orNone identity: consuming BuilderIdentity?) {
        let key: ssh_key? =
            switch identity {
            case .some(let identity): identity.key
            case .none: nil
            }
        methods = (key.map { [.publicKey($0)] } ?? []) + [.none, .emptyPassword]
        self.identity = identity
    }
}
