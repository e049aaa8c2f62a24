import BuildAPI
import Connections
import NIOCore
import Synchronization

/// The connections over the network that have not shown a token yet. Nothing is owed to them: a few may be there for
/// some seconds.
///
/// If there are too many, the oldest one goes. A gateway shows its token within milliseconds, so it is kept out only by
/// a flood that brings ``mostOfBlock`` further connections in that time; docs/security.md says what that takes. An
/// address that has shown a token, a *proven* one, counts for itself: nobody else's connections harm it, and all sessions
/// of a gateway can come back at the same moment when the runner restarts.
final class Newcomers: Sendable {
    /// How long a connection can be without a token.
    static let timeout = TimeAmount.seconds(10)
    /// For an ``AddressBlock``, and for all of them.
    static let mostOfBlock = 64
    static let most = 512
    /// For a proven address.
    static let mostOfProven = 1000

    private struct Newcomer {
        let channel: any Channel
        let block: AddressBlock
        let isProven: Bool
    }

    private struct State {
        /// Oldest first.
        var waiting: [Newcomer] = []
        /// There are as few as gateways, because a token is needed.
        var proven: Set<AddressBlock> = []
    }

    private let state = Mutex(State())

    var count: Int { state.withLock(\.waiting.count) }

    /// Takes a new connection in. It leaves when it shows a token, or when it is closed.
    ///
    /// - Returns: false: this is no address.
    func enter(_ channel: any Channel, from address: String) -> Bool {
        // An IPv4 network of 256 addresses, or an IPv6 /64.
        guard let network = AddressBlock(address, bytesOfIPv4: 3),
            let single = AddressBlock(address, bytesOfIPv4: 4)
        else { return false }
        let supernumerary = state.withLock { state -> (any Channel)? in
            let isProven = state.proven.contains(single)
            let new = Newcomer(channel: channel, block: isProven ? single : network, isProven: isProven)
            func isAlike(_ other: Newcomer) -> Bool { other.block == new.block && other.isProven == isProven }
            var oldest: Int?
            if state.waiting.count(where: isAlike) >= (isProven ? Self.mostOfProven : Self.mostOfBlock) {
                oldest = state.waiting.firstIndex(where: isAlike)
            } else if !isProven, state.waiting.count(where: { !$0.isProven }) >= Self.most {
                oldest = state.waiting.firstIndex { !$0.isProven }
            }
            let removed = oldest.map { state.waiting.remove(at: $0).channel }
            state.waiting.append(new)
            return removed
        }
        supernumerary?.close(promise: nil)
        channel.closeFuture.whenComplete { _ in self.leave(channel) }
        return true
    }

    /// A connection from this address has shown a token.
    func prove(_ address: String) {
        guard let single = AddressBlock(address, bytesOfIPv4: 4) else { return }
        state.withLock { _ = $0.proven.insert(single) }
    }

    func leave(_ channel: any Channel) {
        state.withLock { $0.waiting.removeAll { $0.channel === channel } }
    }
}

/// Closes a connection that shows no token in time. Then counts it by its token.
final class TokenLimitHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny

    private let limit: ConnectionLimit
    private let newcomers: Newcomers
    private var deadline: Scheduled<Void>?
    /// Whose tokens it has shown.
    private var tokens: Set<String> = []

    init(limit: ConnectionLimit, newcomers: Newcomers) {
        self.limit = limit
        self.newcomers = newcomers
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        guard let address = channel.remoteAddress?.ipAddress, newcomers.enter(channel, from: address) else {
            return channel.close(promise: nil)
        }
        deadline = channel.eventLoop.scheduleTask(in: Newcomers.timeout) { channel.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        context.fireChannelInactive()
    }

    /// - Returns: whether it can stay.
    private func show(token name: String, on channel: any Channel) -> Bool {
        if tokens.contains(name) { return true }
        guard limit.admit([(.token(name), ConnectionLimit.ofClient)], until: channel.closeFuture) else {
            return false
        }
        tokens.insert(name)
        deadline?.cancel()
        if let address = channel.remoteAddress?.ipAddress { newcomers.prove(address) }
        newcomers.leave(channel)
        return true
    }

    /// Called when a request on this connection has shown a valid token.
    ///
    /// - Parameter name: the token's.
    static func admit(token name: String, on channel: any Channel) async throws(RunnerError) {
        let canStay: Bool
        do {
            canStay = try await channel.eventLoop.submit {
                try channel.pipeline.syncOperations.handler(type: Self.self).show(token: name, on: channel)
            }.get()
        } catch {
            // Closed as the oldest newcomer, for example; or a fault of ours.
            throw RunnerError(
                .failure, "The connection was closed before its token was counted.",
                detail: "token \(name): \(error)")
        }
        guard canStay else {
            throw RunnerError(
                .tooMany(.init(what: "connections", limit: ConnectionLimit.ofClient)),
                "The token \(name) already has \(ConnectionLimit.ofClient) connections, which is the limit.",
                limit: .connectionsPerClient)
        }
    }
}
