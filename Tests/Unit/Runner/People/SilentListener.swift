import NIOCore
import NIOPosix

/// Accepts connections on loopback, and says nothing.
struct SilentListener: Sendable {
    private let channel: any Channel

    var port: Int { channel.localAddress?.port ?? 0 }

    static func make() async throws -> SilentListener {
        SilentListener(
            channel: try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .bind(host: "127.0.0.1", port: 0).get())
    }

    func close() { channel.close(promise: nil) }
}
