import EventLoop
import Foundation
import Glibc
import Testing

@testable import SSHClient

/// Channels that a builder opens to the client's agent.
@Suite final class AgentForwardingTests {
    private let loop = EventLoop()
    private let folder = FileManager.default.temporaryDirectory.path + "/g-\(UUID().uuidString.prefix(8))"
    private var agent: FakeAgent?

    init() throws {
        signal(SIGPIPE, SIG_IGN)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        agent = try FakeAgent(on: loop, at: folder + "/agent")
    }

    deinit {
        agent = nil
        try? FileManager.default.removeItem(atPath: folder)
    }

    private func program(_ command: String) -> RemoteProgram {
        RemoteProgram(
            terminal: nil, environment: [], command: Array(command.utf8), agentSocket: folder + "/agent")
    }

    @Test(.enabled(if: Sshd.canBeUsed, "needs OpenSSH's sshd, and a login shell"))
    func programsOnTheBuilderCanAskTheAgent() throws {
        let sshd = try Sshd(on: loop)
        let client = Client(program("/usr/bin/ssh-add -l; /usr/bin/ssh-add -l; exit 9"), on: loop)
        client.connect(to: try sshd.address(), credentials: try sshd.credentials())
        client.finish()
        #expect(client.ending == .exited(status: 9) && agent?.accepted == 2)
        #expect(client.text == "The agent has no identities.\nThe agent has no identities.\n")
    }

    @Test(.enabled(if: Sshd.canBeUsed, "needs OpenSSH's sshd, and a login shell"))
    func withoutAnAgentThereIsNone() throws {
        let sshd = try Sshd(on: loop)
        let client = Client("/usr/bin/ssh-add -l 2>&1; exit 9", on: loop)
        client.connect(to: try sshd.address(), credentials: try sshd.credentials())
        client.finish()
        #expect(client.text.hasPrefix("Could not open") && agent?.accepted == 0)
    }

    /// A server that opens channels to the agent, with our answers' types in their order.
    private func server(
        opening count: Int, answers: @escaping (ScriptedServer, [UInt8]) -> Void
    ) -> ScriptedServer {
        let server = ScriptedServer(on: loop)
        server.answer = { [unowned server] message in
            let answers =
                [
                    Message.channelOpenFailure, Message.channelOpenConfirmation, Message.channelData,
                    Message.channelClose, Message.channelEOF,
                ].contains(message[0]) ? answers : nil
            answers?(server, message)
            return answers != nil
        }
        server.onStart = { [unowned server] in
            for number in 0..<count {
                server.send(
                    .message(
                        Message.channelOpen, .string("auth-agent@openssh.com"), .uint32(100 + number),
                        .uint32(1 << 16), .uint32(1 << 15)))
            }
        }
        return server
    }

    @Test func aSeventeenthConnectionIsRefused() {
        var (confirmed, refused) = (0, 0)
        let server = server(opening: 20) { server, message in
            confirmed += message[0] == Message.channelOpenConfirmation ? 1 : 0
            refused += message[0] == Message.channelOpenFailure ? 1 : 0
            if confirmed + refused == 20 { server.finish(status: 1) }
        }
        let client = Client(program("make"), on: loop)
        client.visit(server)
        #expect(confirmed == 16 && refused == 4 && client.ending == .exited(status: 1))
    }

    @Test func bytesGoToTheAgentAndBackAndItsEndClosesTheChannel() {
        var reply: [UInt8] = []
        var ours = 0
        let server = server(opening: 1) { server, message in
            var reader = WireReader(message.dropFirst())
            _ = reader.uint32()
            switch message[0] {
            case Message.channelOpenConfirmation:
                ours = reader.uint32()
                server.send(.message(Message.channelData, .uint32(ours), .string([0, 0, 0, 1, 11])))
                server.send(.message(Message.channelEOF, .uint32(ours)))
            case Message.channelData: reply += reader.string()
            case Message.channelClose:
                server.send(.message(Message.channelClose, .uint32(ours)))
                server.finish(status: 2)
            default: break
            }
        }
        let client = Client(program("make"), on: loop)
        client.visit(server)
        #expect(reply == FakeAgent.noIdentities && client.ending == .exited(status: 2))
    }

    @Test func whereTheSocketIsNoneChannelsAreRefused() {
        agent = nil
        var answers: [UInt8] = []
        let server = server(opening: 1) { server, message in
            answers.append(message[0])
            server.finish(status: 3)
        }
        let client = Client(program("make"), on: loop)
        client.visit(server)
        #expect(answers == [Message.channelOpenFailure] && client.ending == .exited(status: 3))
    }
}

/// An agent without keys, which says so to whatever it is asked, and goes when its client does.
private final class FakeAgent {
    /// SSH_AGENT_IDENTITIES_ANSWER with none.
    static let noIdentities: [UInt8] = [0, 0, 0, 5, 12, 0, 0, 0, 0]
    private let listener: CInt
    private let loop: EventLoop
    private let path: String
    private var watches: [CInt: Watch] = [:]
    private(set) var accepted = 0

    init(on loop: EventLoop, at path: String) throws {
        self.loop = loop
        self.path = path
        listener = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let isListening = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        try #require(isListening && listen(listener, 30) == 0)
        watches[listener] = loop.watch(listener, for: .readable) { [unowned self] _ in accept() }
    }

    deinit {
        for (descriptor, watch) in watches {
            watch.cancel()
            close(descriptor)
        }
        unlink(path)
    }

    private func accept() {
        let client = SSHClientTests.accept(from: listener)
        accepted += 1
        watches[client] = loop.watch(client, for: .readable) { [unowned self] _ in
            var buffer = [UInt8](repeating: 0, count: 4096)
            if read(client, &buffer, buffer.count) > 0 {
                _ = write(client, Self.noIdentities, Self.noIdentities.count)
            } else {
                watches.removeValue(forKey: client)?.cancel()
                close(client)
            }
        }
    }
}
