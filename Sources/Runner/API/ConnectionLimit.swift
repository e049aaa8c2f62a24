import NIOCore

/// Whose connections are counted together.
enum Origin: Hashable, Sendable {
    case user(UInt32)
    /// All users without a role: one person can have many user ids.
    case usersWithoutRole
    case token(String)
}

/// Limits how many connections a client can have at once. A listener accepts connections from everyone, and decides
/// later what they are allowed to do; no client should be able to keep the others out.
final class ConnectionLimit: Sendable {
    /// For a user with a role, and for a token: a few hundred sessions, each with its streams.
    static let ofClient = 2000
    /// For a user without a role, and for all of these.
    static let ofUserWithoutRole = 16
    static let ofUsersWithoutRole = 256

    private let counts = Counts<Origin>()

    /// Counts a connection until it is closed.
    ///
    /// - Returns: whether it can stay.
    func admit(_ origins: [(key: Origin, limit: Int)], until closed: EventLoopFuture<Void>) -> Bool {
        guard let place = try? counts.enter(origins) else { return false }
        closed.whenComplete { _ in withExtendedLifetime(place) {} }
        return true
    }
}

/// Closes a connection to the Unix socket beyond the limit of its user.
final class UserLimitHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny

    private let limit: ConnectionLimit
    private let roles: Roles

    init(limit: ConnectionLimit, roles: Roles) {
        self.limit = limit
        self.roles = roles
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        Context.peer(of: channel).whenSuccess { [limit, roles] peer in
            guard let peer, limit.admit(Self.origins(of: peer, roles), until: channel.closeFuture) else {
                return channel.close(promise: nil)
            }
        }
    }

    private static func origins(of peer: Peer, _ roles: Roles) -> [(key: Origin, limit: Int)] {
        guard roles.role(of: peer) == nil else { return [(.user(peer.user), ConnectionLimit.ofClient)] }
        return [
            (.user(peer.user), ConnectionLimit.ofUserWithoutRole),
            (.usersWithoutRole, ConnectionLimit.ofUsersWithoutRole),
        ]
    }
}
