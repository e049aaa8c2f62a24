import Hummingbird
import NIOCore
import NIOPosix

/// A request's context, which knows the connection and so the peer.
struct Context: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }

    /// struct ucred of socket(7), without its pid.
    private struct Credentials: Sendable {
        var process: Int32 = 0
        var user: UInt32 = 0
        var group: UInt32 = 0
    }

    private static let socketLevel = 1
    private static let peerCredentials = 17

    /// Who has connected to the Unix socket; nil if the system does not say, and then nobody is let in.
    static func peer(of channel: any Channel) -> EventLoopFuture<Peer?> {
        guard let provider = channel as? any SocketOptionProvider else {
            return channel.eventLoop.makeSucceededFuture(nil)
        }
        let credentials: EventLoopFuture<Credentials> = provider.unsafeGetSocketOption(
            level: .init(Int32(socketLevel)), name: .init(Int32(peerCredentials)))
        return credentials.map { Peer(user: $0.user, group: $0.group) }.recover { _ in nil }
    }
}
