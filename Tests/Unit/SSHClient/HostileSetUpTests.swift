import EventLoop
import Glibc
import Testing

@testable import SSHClient

/// Servers that prove who they are, and misbehave before a program runs: each has an end by name; none is a success, a
/// crash or a wait without end.
@Suite struct HostileSetUpTests {
    private let time = HurriedTime()
    private let loop: EventLoop

    init() {
        signal(SIGPIPE, SIG_IGN)
        loop = EventLoop(time)
    }

    private func client(of script: (ScriptedServer) -> Void, _ program: RemoteProgram? = nil) -> Client {
        Client.ofServer(on: loop, program, script)
    }

    private func refusing(_ number: UInt8, with answer: @escaping (ScriptedServer) -> Void) -> Client {
        client { server in
            server.answer = { [unowned server] message in
                guard message[0] == number else { return false }
                server.note(message)
                answer(server)
                return true
            }
        }
    }

    @Test func nobodyIsLetIn() {
        let client = refusing(Message.userAuthRequest) {
            $0.send(.message(Message.userAuthFailure, .string("publickey"), .boolean(false)))
        }
        #expect(client.error?.code == .authenticationFailed)
    }

    /// In their order, and each once.
    @Test func nothingAndAnEmptyPasswordAreTried() {
        var tried: [String] = []
        let server = ScriptedServer(on: loop)
        server.answer = { [unowned server] message in
            guard message[0] == Message.userAuthRequest else { return false }
            var reader = WireReader(message.dropFirst())
            let user = reader.text()
            let (service, method) = (reader.text(), reader.text())
            tried.append(method)
            #expect(user == "build" && service == "ssh-connection")
            if method == "password" { #expect(Array(reader.rest) == [0, 0, 0, 0, 0]) }
            server.send(
                method == "password"
                    ? [Message.userAuthSuccess]
                    : .message(Message.userAuthFailure, .string("publickey,password"), .boolean(false)))
            return true
        }
        server.onStart = { [unowned server] in server.finish(status: 3) }
        let client = Client("make", on: loop)
        client.visit(server)
        #expect(tried == ["none", "password"] && client.ending == .exited(status: 3))
    }

    @Test func aChannelThatIsRefused() {
        let client = refusing(Message.channelOpen) {
            $0.send(
                .message(
                    Message.channelOpenFailure, .uint32($0.channel), .uint32(1),
                    .string("\u{1B}[2Jno"), .string("")))
        }
        #expect(client.error?.code == .refused)
    }

    /// libssh would write packets without a byte in them for ever.
    @Test(arguments: [9, 10, 63, 64, 1000]) func aBuilderThatTakesNextToNothingAtOnce(size: Int) {
        let server = ScriptedServer(on: loop)
        server.maximumPacket = size
        server.answer = { [unowned server] message in
            guard message[0] == Message.channelEOF else { return false }
            server.finish(status: 1)
            return true
        }
        let client = Client("cat", on: loop)
        client.type([UInt8](repeating: 65, count: 3000))
        client.endInput()
        client.visit(server)
        #expect(size < 64 ? client.error?.code == .refused : client.ending == .exited(status: 1))
    }

    /// The name of an extension is in libssh's log as well.
    @Test func aSizeThatAnExtensionsNamePretendsIsNotBelieved() {
        let server = ScriptedServer(on: loop)
        server.maximumPacket = 10
        server.afterConfirmation = [.message(7, .uint32(1), .string("x maxpacket : 32768"), .string(""))]
        let client = Client("cat", on: loop)
        client.type([UInt8](repeating: 65, count: 3000))
        client.visit(server)
        #expect(client.error?.code == .refused)
    }

    @Test(arguments: ["exec", "pty-req", "shell"]) func aRequestThatIsRefused(type: String) {
        let program = RemoteProgram(
            terminal: Terminal(type: "dumb", size: TerminalSize(columns: 80, rows: 24)), environment: [],
            command: type == "shell" ? nil : [UInt8]("make".utf8))
        let client = client(
            of: { server in
                server.answer = { [unowned server] message in
                    guard message[0] == Message.channelRequest, Self.type(of: message) == type else {
                        return false
                    }
                    server.send(.message(Message.channelFailure, .uint32(server.channel)))
                    return true
                }
            }, program)
        #expect(client.error?.code == (type == "pty-req" ? .noTerminal : .refused))
        #expect(!client.events.contains("started"))
    }

    private static func type(of request: [UInt8]) -> String {
        var reader = WireReader(request.dropFirst(5))
        return reader.text()
    }

    @Test(arguments: [
        Message.serviceRequest, Message.userAuthRequest, Message.channelOpen, Message.channelRequest,
    ]) func anAnswerThatNeverComes(to number: UInt8) {
        let client = refusing(number) { _ in }
        #expect(client.error?.code == .timedOut)
        #expect(time.now < Instant(nanoseconds: 70_000_000_000))
    }

    @Test(
        arguments: [
            Message.kexECDHInit, Message.newKeys, Message.serviceRequest, Message.userAuthRequest,
            Message.channelOpen, Message.channelRequest,
        ], [true, false]) func aConnectionThatIsBrokenOff(at number: UInt8, resets: Bool)
    {
        let client = refusing(number) { if resets { $0.peer.reset() } else { $0.peer.close() } }
        #expect(client.error?.code == .lost, "\(String(describing: client.error?.debugDescription))")
    }

    /// Wherever the connection ends, what has been cut off is no success. At each byte that is not encrypted, and at each
    /// fifth of the others.
    @Test func aConnectionThatIsBrokenOffAnywhere() {
        func outcome(_ budget: Int?) -> (client: Client, isWhole: Bool) {
            let server = ScriptedServer(on: loop, budget: budget)
            server.onStart = { [unowned server] in
                server.sendData("output")
                server.finish()
            }
            let client = Client("make", on: loop)
            client.visit(server)
            return (client, client.ending != nil)
        }
        var budget = 1
        while budget < 5000 {
            let (client, isWhole) = outcome(budget)
            if isWhole {
                #expect(client.ending == .exited(status: 0) && client.text == "output")
                break
            }
            #expect(client.error?.code == .lost, "\(budget): \(client.events)")
            budget += budget < 450 ? 1 : 5
        }
        #expect(budget > 500 && budget < 5000, "there is an end")
    }

    @Test func aBuilderThatGoesWhileItIsOurTurnIsLostAtOnce() {
        let server = ScriptedServer(on: loop)
        let client = Client("make", on: loop)
        client.authenticates = false
        client.onEvent = { event in
            if case .hostKeyVerified = event { server.peer.close() }
        }
        client.visit(server)
        #expect(client.error?.code == .lost && client.events == ["hostKeyVerified", "failed"])
        #expect(time.now < Instant(nanoseconds: 29_000_000_000))
    }

    @Test func whatABuilderSaysWhileItIsOurTurnIsTakenInOnce() {
        let server = ScriptedServer(on: loop)
        server.onStart = { [unowned server] in server.finish() }
        let client = Client("make", on: loop)
        client.authenticates = false
        client.onEvent = { [loop, unowned client] event in
            guard case .hostKeyVerified = event else { return }
            for _ in 0..<3 { server.send(.message(Message.ignore, .string("nothing"))) }
            loop.timer(after: .seconds(10)) { client.connection?.authenticate() }
        }
        client.visit(server)
        #expect(client.ending == .exited(status: 0))
    }
}
