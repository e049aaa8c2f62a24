import BuildAPI
import Connections
import NIOCore
import NIOPosix

/// Tests whether an SSH server answers.
///
/// An accepted connection proves nothing, because QEMU, for example, accepts before the guest listens.
enum Banner {
    /// Connects once, and returns whether an SSH banner came within `limit`.
    static func isShown(at endpoint: Job.Builder.Endpoint, limit: TimeAmount) async -> Bool {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let answer = loop.makePromise(of: Bool.self)
        let alarm = loop.scheduleTask(in: limit) { answer.succeed(false) }
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
        connecting.whenFailure { _ in answer.succeed(false) }
        let shown = (try? await answer.futureResult.get()) ?? false
        connecting.whenSuccess { $0.close(promise: nil) }
        return shown
    }
}

private final class BannerHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let answer: EventLoopPromise<Bool>
    private var received = ByteBuffer()

    init(answer: EventLoopPromise<Bool>) {
        self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        received.writeBuffer(&bytes)
        guard received.readableBytes >= 4 else { return }
        answer.succeed(received.readableBytesView.starts(with: "SSH-".utf8))
    }

    func channelInactive(context: ChannelHandlerContext) {
        answer.succeed(false)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
