import NIOCore
import Synchronization

/// Whose connections are counted together.
enum Origin: Hashable, Sendable {
    case user(UInt32)
    /// All users without a role: one of them can have many user ids.
    case strangers
    case token(String)
}

/// Limits how many connections a client can have at once. A listener accepts connections from everyone, and decides
/// later what they are allowed to do; no client should be able to keep the others out.
final class ConnectionLimit: Sendable {
    /// For a user with a role, and for a token: a few hundred sessions, each with its streams.
    static let known = 2000
    /// For a user without a role, and for all of these.
    static let stranger = 16
    static let strangers = 256

    private let counts = Mutex<[Origin: Int]>([:])

    /// - Returns: whether this connection can stay; if so, call ``leave(_:)`` at its end.
    func admit(_ origin: Origin, most: Int) -> Bool {
        counts.withLock { counts in
            guard counts[origin, default: 0] < most else { return false }
            counts[origin, default: 0] += 1
            return true
        }
    }

    func leave(_ origin: Origin) {
        counts.withLock { counts in
            let rest = counts[origin, default: 1] - 1
            counts[origin] = rest == 0 ? nil : rest
        }
    }

    /// Counts a connection until it is closed.
    ///
    /// - Returns: whether it can stay.
    func admit(_ origins: [(origin: Origin, most: Int)], until closed: EventLoopFuture<Void>) -> Bool {
        var admitted: [Origin] = []
        for (origin, most) in origins {
            guard admit(origin, most: most) else {
                for origin in admitted { leave(origin) }
                return false
            }
            admitted.append(origin)
        }
        closed.whenComplete { [admitted] _ in for origin in admitted { self.leave(origin) } }
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

    private static func origins(of peer: Peer, _ roles: Roles) -> [(origin: Origin, most: Int)] {
        roles.role(of: peer) != nil
            ? [(.user(peer.user), ConnectionLimit.known)]
            : [(.user(peer.user), ConnectionLimit.stranger), (.strangers, ConnectionLimit.strangers)]
    }
}
