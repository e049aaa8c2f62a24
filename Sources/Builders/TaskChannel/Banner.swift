import BuildAPI
import Connections
import NIOCore
import NIOPosix

/// What comes from an SSH server when one connects.
///
/// An accepted connection proves nothing, because QEMU, for example, accepts before the guest listens.
enum Banner: Sendable {
    case shown
    /// The machine is on the network, and closed the connection: no server listens there yet.
    case closed
    /// Nothing came in time, or nobody accepted the connection.
    case missing

    /// Connects once, and waits at most `limit` for an SSH banner.
    static func look(at endpoint: Job.Builder.Endpoint, limit: TimeAmount) async -> Banner {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let answer = loop.makePromise(of: Banner.self)
        let alarm = loop.scheduleTask(in: limit) { answer.succeed(.missing) }
        defer { alarm.cancel() }
        @Sendable func bootstrap() -> ClientBootstrap {
            ClientBootstrap(group: loop).connectTimeout(limit).channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(BannerHandler(answer: answer))
                }
            }
        }
        let connecting =
            switch endpoint {
            case .address(let address, let port): bootstrap().connect(host: address, port: Int(port))
            case .socket(let path):
                NIOThreadPool.singleton.runIfActive(eventLoop: loop) { try HandoverSocket.open(path) }
                    .flatMap { bootstrap().withConnectedSocket($0) }
            }
        connecting.whenFailure { _ in answer.succeed(.missing) }
        let banner = (try? await answer.futureResult.get()) ?? .missing
        connecting.whenSuccess { $0.close(promise: nil) }
        return banner
    }
}

private final class BannerHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let answer: EventLoopPromise<Banner>
    private var received = ByteBuffer()

    init(answer: EventLoopPromise<Banner>) {
        self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        received.writeBuffer(&bytes)
        guard received.readableBytes >= 4 else { return }
        answer.succeed(received.readableBytesView.starts(with: "SSH-".utf8) ? .shown : .missing)
    }

    func channelInactive(context: ChannelHandlerContext) {
        answer.succeed(.closed)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
