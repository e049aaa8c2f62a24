import NIOCore
import Synchronization

/// How many connections a user may have at once. The socket takes connections from everybody, and tells later who may
/// not do anything; nobody is to keep the others out by that.
final class ConnectionLimit: Sendable {
    /// For a user with a role: some hundred sessions, each with its streams.
    static let known = 2000
    static let stranger = 16

    private let roles: Roles
    private let counts = Mutex<[UInt32: Int]>([:])

    init(_ roles: Roles) {
        self.roles = roles
    }

    /// For the pipeline of one connection.
    func handler() -> any RemovableChannelHandler { ConnectionLimitHandler(limit: self) }

    /// - Returns: whether this connection of the peer's may stay; then say ``leave(_:)`` at its end.
    func admit(_ peer: Peer) -> Bool {
        let most = roles.role(of: peer) == nil ? Self.stranger : Self.known
        return counts.withLock { counts in
            guard counts[peer.user, default: 0] < most else { return false }
            counts[peer.user, default: 0] += 1
            return true
        }
    }

    func leave(_ peer: Peer) {
        counts.withLock { counts in
            let rest = counts[peer.user, default: 1] - 1
            counts[peer.user] = rest == 0 ? nil : rest
        }
    }
}

/// Closes a connection that is one too many.
private final class ConnectionLimitHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny

    private let limit: ConnectionLimit

    init(limit: ConnectionLimit) {
        self.limit = limit
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        Context.peer(of: channel).whenSuccess { [limit] peer in
            guard let peer, limit.admit(peer) else { return channel.close(promise: nil) }
            channel.closeFuture.whenComplete { _ in limit.leave(peer) }
        }
    }
}
