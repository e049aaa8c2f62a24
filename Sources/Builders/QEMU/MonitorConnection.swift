import Foundation
import NIOCore
import NIOPosix
import Provider
import SystemPackage

/// A connection to QEMU's monitor (QMP: docs/interop/qmp-spec.txt).
///
/// It distinguishes a live machine from a dead one: the other end of the socket is that very QEMU, whatever happened to
/// process numbers, and it closes when QEMU ends. QEMU serves one connection at a time.
///
/// A machine stops when the host has no space for what it writes to its disk. While there is a connection, we tell it
/// every second to continue, so that nothing in it is lost.
final class MonitorConnection: Sendable {
    private let channel: any Channel

    private init(channel: any Channel) {
        self.channel = channel
    }

    deinit {
        channel.close(promise: nil)
    }

    /// Connects and negotiates. Throws if nothing listens, or there is no answer within `limit`.
    static func connect(
        to socket: FilePath, limit: TimeAmount = .seconds(5)
    ) async throws -> MonitorConnection {
        let group = MultiThreadedEventLoopGroup.singleton
        let loop = group.next()
        let greeting = loop.makePromise(of: Void.self)
        let channel: any Channel
        do {
            channel = try await ClientBootstrap(group: loop)
                .connectTimeout(limit)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(MonitorHandler(greeting: greeting))
                    }
                }
                .connect(unixDomainSocketPath: socket.string).get()
        } catch {
            greeting.fail(error)
            throw error
        }
        let connection = MonitorConnection(channel: channel)
        let alarm = loop.scheduleTask(in: limit) { greeting.fail(ChannelError.connectTimeout(limit)) }
        defer { alarm.cancel() }
        try await greeting.futureResult.get()
        try await connection.execute("qmp_capabilities", limit: limit)
        // It may have stopped while there was no connection.
        try await connection.execute("cont", limit: limit)
        return connection
    }

    /// Executes a command without arguments, and waits until QEMU reports that it is done.
    func execute(_ command: String, limit: TimeAmount = .seconds(5)) async throws {
        let answer = channel.eventLoop.makePromise(of: Void.self)
        let alarm = channel.eventLoop.scheduleTask(in: limit) {
            answer.fail(ChannelError.connectTimeout(limit))
        }
        defer { alarm.cancel() }
        channel.writeAndFlush(MonitorCommand(name: command, answer: answer)).cascadeFailure(to: answer)
        try await answer.futureResult.get()
    }

    /// Returns when QEMU has closed the connection, or when the calling task is cancelled.
    func waitUntilClosed() async {
        let (stream, continuation) = AsyncStream.makeStream(of: Never.self)
        channel.closeFuture.whenComplete { _ in continuation.finish() }
        for await _ in stream {}
    }

    /// Lets another client connect.
    func disconnect() async throws {
        try await channel.close()
    }

    /// Whether QEMU has not closed the connection yet.
    var isOpen: Bool { channel.isActive }
}

/// A command that QEMU has not answered yet.
struct MonitorCommand: Sendable {
    var name: String
    var answer: EventLoopPromise<Void>
}

/// Speaks QMP's lines of JSON. Answers come in the order of the commands.
private final class MonitorHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = Never
    typealias OutboundIn = MonitorCommand
    typealias OutboundOut = ByteBuffer

    private let greeting: EventLoopPromise<Void>
    private var waiting: [EventLoopPromise<Void>] = []
    private var received = ByteBuffer()
    /// Whether the machine will be told to continue.
    private var willContinue = false

    init(greeting: EventLoopPromise<Void>) {
        self.greeting = greeting
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let command = unwrapOutboundIn(data)
        waiting.append(command.answer)
        let line = ByteBuffer(string: "{\"execute\":\"\(command.name)\"}\n")
        context.write(wrapOutboundOut(line), promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        received.writeBuffer(&bytes)
        while let end = received.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) {
            let length = end - received.readerIndex + 1
            guard let line = received.readBytes(length: length) else { return }
            receive(line, context: context)
        }
        received.discardReadBytes()
        // QEMU's messages are short; someone else may have got hold of it.
        if received.readableBytes > 1 << 20 { context.close(promise: nil) }
    }

    private func receive(_ line: [UInt8], context: ChannelHandlerContext) {
        guard let message = try? JSONDecoder().decode(Message.self, from: Data(line)) else { return }
        if message.greeting != nil {
            greeting.succeed()
        } else if message.event == "STOP" {
            continueLater(context)
        } else if message.isReturn, !waiting.isEmpty {
            waiting.removeFirst().succeed()
        } else if let error = message.error, !waiting.isEmpty {
            waiting.removeFirst().fail(MachineError(.commandFailed, detail: error.desc))
        }
    }

    /// Only a full disk stops our machines. If it is still full, the machine stops again.
    ///
    /// Someone who has taken over QEMU can say that it has stopped as often as they like: it gets one command a second.
    private func continueLater(_ context: ChannelHandlerContext) {
        guard !willContinue else { return }
        willContinue = true
        let channel = context.channel
        let handler = NIOLoopBound(self, eventLoop: channel.eventLoop)
        channel.eventLoop.scheduleTask(in: .seconds(1)) {
            handler.value.willContinue = false
            let answer = channel.eventLoop.makePromise(of: Void.self)
            channel.writeAndFlush(MonitorCommand(name: "cont", answer: answer)).cascadeFailure(to: answer)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        greeting.fail(ChannelError.eof)
        for answer in waiting {
            answer.fail(ChannelError.eof)
        }
        waiting = []
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    /// The members of QMP's messages that distinguish them.
    private struct Message: Decodable {
        struct Failure: Decodable { var desc: String }
        struct Anything: Decodable {}

        var greeting: Anything?
        var event: String?
        var error: Failure?
        var isReturn: Bool

        enum CodingKeys: String, CodingKey {
            case error, event
            case greeting = "QMP"
            case answer = "return"
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            greeting = try? container.decodeIfPresent(Anything.self, forKey: .greeting)
            event = try? container.decodeIfPresent(String.self, forKey: .event)
            error = try? container.decodeIfPresent(Failure.self, forKey: .error)
            isReturn = container.contains(.answer)
        }
    }
}
