import BuildAPI
import Connections
import NIOCore
import Synchronization

/// The connections over the network that have not shown a token yet. Nothing is owed to them: a few may be there for
/// some seconds.
///
/// If there are too many, the oldest one goes. Whoever has a token shows it within milliseconds, so that even many
/// connections from the same address keep nobody out.
final class Newcomers: Sendable {
    /// How long a connection can be without a token.
    static let patience = TimeAmount.seconds(10)
    /// For an ``AddressBlock``, and for all of them.
    static let mostOfBlock = 64
    static let most = 512

    /// An IPv4 network of 256 addresses, an IPv6 /64.
    static func block(of address: String) -> AddressBlock? { AddressBlock(address, bytesOfIPv4: 3) }

    private struct Newcomer {
        let channel: any Channel
        let block: AddressBlock
    }

    /// Oldest first.
    private let waiting = Mutex<[Newcomer]>([])

    var count: Int { waiting.withLock(\.count) }

    /// Takes a new connection in. It leaves when it shows a token, or when it is closed.
    func enter(_ channel: any Channel, from block: AddressBlock) {
        let supernumerary = waiting.withLock { waiting -> (any Channel)? in
            let isFull = waiting.count >= Self.most
            let isBlockFull = waiting.count(where: { $0.block == block }) >= Self.mostOfBlock
            var oldest: Int?
            if isBlockFull {
                oldest = waiting.firstIndex { $0.block == block }
            } else if isFull {
                oldest = waiting.startIndex
            }
            let removed = oldest.map { waiting.remove(at: $0).channel }
            waiting.append(Newcomer(channel: channel, block: block))
            return removed
        }
        supernumerary?.close(promise: nil)
        channel.closeFuture.whenComplete { _ in self.leave(channel) }
    }

    func leave(_ channel: any Channel) {
        waiting.withLock { $0.removeAll { $0.channel === channel } }
    }
}

/// Closes a connection that shows no token in time. Then counts it by its token.
final class TokenLimitHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny

    private let limit: ConnectionLimit
    private let newcomers: Newcomers
    private var deadline: Scheduled<Void>?
    /// Whose token it has shown.
    private var token: String?

    init(limit: ConnectionLimit, newcomers: Newcomers) {
        self.limit = limit
        self.newcomers = newcomers
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        guard let block = channel.remoteAddress?.ipAddress.flatMap(Newcomers.block) else {
            return channel.close(promise: nil)
        }
        newcomers.enter(channel, from: block)
        deadline = channel.eventLoop.scheduleTask(in: Newcomers.patience) { channel.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        context.fireChannelInactive()
    }

    /// - Returns: whether it can stay.
    private func show(token name: String, on channel: any Channel) -> Bool {
        if token == name { return true }
        guard limit.admit([(.token(name), ConnectionLimit.known)], until: channel.closeFuture) else {
            return false
        }
        token = name
        deadline?.cancel()
        newcomers.leave(channel)
        return true
    }

    /// Called when a request on this connection has shown a valid token.
    ///
    /// - Parameter name: the token's.
    static func admit(token name: String, on channel: any Channel) async throws(RunnerError) {
        let canStay = try? await channel.eventLoop.submit {
            try channel.pipeline.syncOperations.handler(type: Self.self).show(token: name, on: channel)
        }.get()
        guard canStay == true else {
            throw RunnerError(
                .tooMany(.init(what: "connections", limit: ConnectionLimit.known)),
                "The token \(name) already has \(ConnectionLimit.known) connections, which is the limit.")
        }
    }
}
