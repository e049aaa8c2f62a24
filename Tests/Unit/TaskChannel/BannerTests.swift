import BuildAPI
import NIOCore
import NIOPosix
import Testing

@testable import TaskChannel

@Suite("Whether an SSH server answers")
struct BannerTests {
    /// What a server does with a connection.
    private enum Server {
        case greets, closes, waits
    }

    private static func look(at server: Server) async throws -> Banner {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { connection in
                switch server {
                case .greets:
                    connection.writeAndFlush(ByteBuffer(string: "SSH-2.0-test\r\n"), promise: nil)
                case .closes: connection.close(promise: nil)
                case .waits: break
                }
                return connection.eventLoop.makeSucceededVoidFuture()
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = UInt16(channel.localAddress!.port!)
        // Only a server that waits takes that long.
        let limit = TimeAmount.milliseconds(server == .waits ? 100 : 10_000)
        let banner = await Banner.look(at: .address("127.0.0.1", port: port), limit: limit)
        try await channel.close()
        return banner
    }

    @Test("a server that greets, one that closes, and one that says nothing, are told apart")
    func answers() async throws {
        #expect(try await Self.look(at: .greets) == .shown)
        #expect(try await Self.look(at: .closes) == .closed)
        #expect(try await Self.look(at: .waits) == .missing)
    }

    @Test("nobody looks at a machine that is not up, and long at one that is")
    func lengths() {
        #expect(SSHTaskChannel.look(isUp: false, after: .seconds(1)) == nil)
        #expect(SSHTaskChannel.look(isUp: true, after: .zero) == .seconds(5))
        #expect(SSHTaskChannel.look(isUp: nil, after: .zero) == .milliseconds(500))
        #expect(SSHTaskChannel.look(isUp: nil, after: .seconds(16)) == .seconds(2))
        #expect(SSHTaskChannel.look(isUp: nil, after: .seconds(600)) == .seconds(5))
    }
}
