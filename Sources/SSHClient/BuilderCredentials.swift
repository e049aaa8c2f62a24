import CLibSSH

/// What lets the gateway into builders.
public struct BuilderCredentials: ~Copyable {
    enum Method: Equatable {
        case publicKey
        /// As the user that is asked for, without more (RFC 4252 section 5.2).
        case none
        case emptyPassword
    }

    private let identity: BuilderIdentity?
    private let methods: [Method]

    /// The gateway's own key, and nothing else.
    public init(_ identity: consuming BuilderIdentity) {
        self.identity = .some(consume identity)
        methods = [.publicKey]
    }

    /// For builders that let everybody in who reaches them: the gateway's key, if it has one, nothing at all, and an
    /// empty password, in this order.
    public init(orNone identity: consuming BuilderIdentity?) {
        methods = (identity == nil ? [] : [.publicKey]) + [.none, .emptyPassword]
        self.identity = identity
    }

    /// What is left to try after so many refusals.
    func method(after refusals: Int) -> Method? {
        refusals < methods.count ? methods[refusals] : nil
    }

    /// Nil where `.publicKey` is not among the methods.
    var key: ssh_key? {
        switch identity {
        case .some(let identity): identity.key
        case .none: nil
        }
    }
}
