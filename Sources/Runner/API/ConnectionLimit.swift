import NIOCore
import Synchronization

/// Whose connections are counted together.
enum Origin: Hashable, Sendable {
    case user(UInt32)
    case address(String)
}

/// Limits how many connections a client can have at once. A listener accepts connections from everyone, and decides
/// later what they are allowed to do; no client should be able to keep the others out.
final class ConnectionLimit: Sendable {
    /// For a user with a role, and for an address: a few hundred sessions, each with its streams.
    static let known = 2000
    static let stranger = 16

    private let authentication: Authentication
    private let counts = Mutex<[Origin: Int]>([:])

    init(_ authentication: Authentication) {
        self.authentication = authentication
    }

    /// For the pipeline of one connection.
    func handler() -> any RemovableChannelHandler {
        ConnectionLimitHandler(limit: self, authentication: authentication)
    }

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
}

/// Closes a connection beyond the limit.
private final class ConnectionLimitHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny

    private let limit: ConnectionLimit
    private let authentication: Authentication

    init(limit: ConnectionLimit, authentication: Authentication) {
        self.limit = limit
        self.authentication = authentication
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        authentication.origin(of: channel).whenSuccess { [limit] found in
            guard let found, limit.admit(found.origin, most: found.most) else {
                return channel.close(promise: nil)
            }
            channel.closeFuture.whenComplete { _ in limit.leave(found.origin) }
        }
    }
}
