import EventLoop
import Glibc
import Testing

@testable import SSHClient

/// Servers that misbehave while a program runs: each has an end by name; none is a success that it is not, a crash or a
/// wait without end.
@Suite struct HostileServerTests {
    private let time = HurriedTime()
    private let loop: EventLoop

    init() {
        signal(SIGPIPE, SIG_IGN)
        loop = EventLoop(time)
    }

    private func client(of script: (ScriptedServer) -> Void, _ program: RemoteProgram? = nil) -> Client {
        Client.ofServer(on: loop, program, script)
    }

    @Test func aServerThatBehavesIsASuccessWithoutARoundTripTooMany() {
        let server = ScriptedServer(on: loop)
        server.onStart = { [unowned server] in
            server.sendData("out")
            server.sendErrors("err")
            server.finish(status: 6)
        }
        let client = Client("make", on: loop)
        client.visit(server)
        #expect(client.events == ["hostKeyVerified", "authenticated", "started", "ended"])
        #expect(client.text == "out" && client.errorText == "err" && client.ending == .exited(status: 6))
        #expect(
            server.received.prefix(4) == [
                Message.serviceRequest, Message.userAuthRequest, Message.channelOpen, Message.channelRequest,
            ])
        #expect(!server.received.dropFirst(4).contains(Message.channelRequest))
    }

    /// The first key exchange has shown the pinned key.
    @Test(arguments: [true, false]) func aHostKeyCannotChangeInALaterKeyExchange(programEnds: Bool) {
        let client = running { server in
            server.answer = { [unowned server] message in
                if message[0] == Message.newKeys, programEnds { server.finish() }
                return false
            }
            server.exchangeKeysAgain(newHostKey: true)
        }
        #expect(client.error?.code == .hostKeyMismatch && client.ending == nil)
    }

    @Test func keysCanBeExchangedAgain() {
        let client = running { server in
            server.answer = { [unowned server] message in
                if message[0] == Message.newKeys {
                    server.sendData("after it")
                    server.finish(status: 3)
                }
                return false
            }
            server.exchangeKeysAgain(newHostKey: false)
        }
        #expect(client.ending == .exited(status: 3) && client.text == "after it")
    }

    @Test func aSignalIsAnEndByName() {
        let client = client { server in
            server.onStart = { [unowned server] in
                server.sendExit(signal: "SEGV")
                server.sendClose()
            }
        }
        #expect(client.ending == .killed(signal: "SEGV"))
    }

    private func running(_ script: @escaping (ScriptedServer) -> Void) -> Client {
        client { server in server.onStart = { [unowned server] in script(server) } }
    }

    @Test func aChannelThatIsClosedWithoutAWordHasNoStatus() {
        #expect(running { $0.sendClose() }.ending == .unknown)
    }

    @Test func aStatusBeforeAConnectionThatBreaksIsNoSuccess() {
        let client = running {
            $0.sendData("some of the out")
            $0.sendExit(status: 0)
            $0.peer.close()
        }
        #expect(client.error?.code == .lost && client.text == "some of the out")
    }

    /// All that the program said has arrived.
    @Test func aStatusAndTheEndOfTheOutputAreAnEndWithoutAClose() {
        let client = running { server in
            server.sendData("all")
            server.sendExit(status: 2)
            server.sendEndOfFile()
            loop.timer(after: .seconds(1)) { server.peer.close() }
        }
        #expect(client.ending == .exited(status: 2) && client.text == "all")
    }

    @Test func twoStatusesAreNone() {
        let client = running {
            $0.sendExit(status: 1)
            $0.finish(status: 0)
        }
        #expect(client.ending == .unknown)
    }

    @Test func theSameStatusTwiceIsOne() {
        let client = running {
            $0.sendExit(status: 3)
            $0.finish(status: 3)
        }
        #expect(client.ending == .exited(status: 3))
    }

    @Test func dataAfterTheEndOfFileDoesNoHarm() {
        let client = running {
            $0.sendData("before")
            $0.sendEndOfFile()
            $0.sendData("after")
            $0.sendExit(status: 1)
            $0.sendClose()
            $0.sendData("much later")
        }
        #expect(client.ending == .exited(status: 1) && client.text.hasPrefix("before"))
    }

    @Test func aWindowThatOverflowsEndsTheConnectionOrDoesNoHarm() {
        let client = running { server in
            for _ in 0..<2000 {
                server.send(
                    .message(Message.channelWindowAdjust, .uint32(server.channel), .uint32(0xffff_ffff)))
            }
            server.sendData("still here")
            server.finish(status: 9)
        }
        #expect(client.error?.code == .lost || client.ending == .exited(status: 9))
    }

    @Test func messagesThatMeanNothingAreNoOutput() {
        let client = running { server in
            for _ in 0..<2000 { server.send(.message(Message.ignore, .string("x"))) }
            server.send(.message(Message.debug, .boolean(true), .string("\u{1B}[2J"), .string("")))
            server.send(.message(Message.globalRequest, .string("hostkeys-00@openssh.com"), .boolean(false)))
            server.send(.message(Message.globalRequest, .string("tcpip-forward"), .boolean(true)))
            server.finish(status: 4)
        }
        #expect(client.ending == .exited(status: 4) && client.output.isEmpty)
    }

    /// By the number of the channel.
    private static let senseless: [@Sendable (Int) -> [UInt8]] = [
        { .message(Message.channelData, .uint32($0 + 1), .string("for nobody")) },
        { .message(Message.channelData, .uint32($0), .uint32(0xffff_ffff)) },
        { .message(Message.channelData, .uint32($0)) },
        { _ in .message(Message.channelData) },
        { .message(Message.channelExtendedData, .uint32($0), .uint32(9), .string("of an unknown kind")) },
        { .message(Message.channelExtendedData, .uint32($0)) },
        { .message(Message.channelClose, .uint32($0 + 1)) },
        { .message(Message.channelRequest, .uint32($0), .string("exit-status")) },
        { .message(Message.channelRequest, .uint32($0), .string("exit-signal"), .boolean(true)) },
        { .message(Message.channelRequest, .uint32($0), .string("nonsense"), .boolean(true)) },
        { .message(Message.channelOpenConfirmation, .uint32($0), .uint32(0), .uint32(5), .uint32(5)) },
        { .message(Message.channelOpenFailure, .uint32($0), .uint32(1), .string(""), .string("")) },
        { .message(Message.channelSuccess, .uint32($0)) }, { .message(Message.channelFailure, .uint32($0)) },
        { .message(Message.channelWindowAdjust, .uint32($0)) },
        { _ in .message(Message.kexInit) }, { _ in .message(Message.newKeys) },
        { _ in .message(Message.kexECDHReply) }, { _ in .message(Message.userAuthSuccess) },
        { _ in .message(Message.userAuthFailure) }, { _ in .message(Message.serviceAccept) },
        { _ in .message(Message.channelOpen) }, { _ in .message(Message.globalRequest) },
        { _ in .message(Message.disconnect) }, { _ in .message(200) }, { _ in .message(0) },
    ]

    @Test(arguments: senseless.indices) func aMessageThatMakesNoSenseIsNoSuccessOfItsOwn(number: Int) {
        let client = running {
            $0.send(Self.senseless[number]($0.channel))
            $0.finish(status: 8)
        }
        let isLost = client.error?.code == .lost || client.error?.code == .timedOut
        #expect(
            isLost || client.ending == .exited(status: 8),
            "\(client.events) \(String(describing: client.ending))")
        #expect(client.output.isEmpty)
    }

    @Test func bytesThatWereNotEncryptedEndTheConnection() {
        let client = running {
            $0.peer.send([UInt8](repeating: 0x41, count: 4096))
            $0.finish()
        }
        #expect(client.error?.code == .lost)
    }

    @Test(arguments: ["x11", "forwarded-tcpip", "session", "direct-tcpip", "auth-agent@openssh.com"])
    func aChannelThatTheServerOpensIsRefused(type: String) {
        var answers: [UInt8] = []
        let client = client { server in
            server.answer = { [unowned server] message in
                guard
                    message[0] == Message.channelOpenFailure || message[0] == Message.channelOpenConfirmation
                else { return false }
                answers.append(message[0])
                server.finish(status: 5)
                return true
            }
            server.onStart = { [unowned server] in
                server.send(
                    .message(
                        Message.channelOpen, .string(type), .uint32(3), .uint32(1000), .uint32(1000),
                        .string("127.0.0.1"), .uint32(1), .string("127.0.0.1"), .uint32(2)))
            }
        }
        #expect(answers == [Message.channelOpenFailure] && client.ending == .exited(status: 5))
    }

    @Test func aBuilderThatIsSilentForFifteenSecondsIsLost() {
        let client = client { server in
            server.answer = { $0[0] == Message.globalRequest }
        }
        #expect(client.events.contains("started") && client.error?.code == .lost)
        #expect(time.now <= Instant(nanoseconds: 21_000_000_000))
    }

    @Test func aBuilderThatAnswersIsKept() {
        let client = client { server in
            server.onStart = { [loop, unowned server] in
                loop.timer(after: .seconds(100)) { server.finish(status: 2) }
            }
        }
        #expect(client.ending == .exited(status: 2))
    }

    @Test func aServerWithoutAWindowGetsNoByteMoreThanItWants() {
        let server = ScriptedServer(on: loop)
        server.window = 10
        var taken: [UInt8] = []
        server.answer = { [unowned server] message in
            switch message[0] {
            case Message.channelData:
                var reader = WireReader(message.dropFirst(5))
                taken += reader.string()
            case Message.channelEOF: server.finish(status: taken.count == 25 ? 0 : 1)
            default: return false
            }
            return true
        }
        let client = Client("cat", on: loop)
        client.type([UInt8](repeating: 65, count: 25))
        client.endInput()
        loop.timer(after: .seconds(3)) { [loop] in
            #expect(taken.count == 10)
            server.send(.message(Message.channelWindowAdjust, .uint32(server.channel), .uint32(8)))
            loop.timer(after: .seconds(3)) {
                #expect(taken.count == 18)
                server.send(.message(Message.channelWindowAdjust, .uint32(server.channel), .uint32(100)))
            }
        }
        client.visit(server)
        #expect(client.ending == .exited(status: 0))
    }

    /// The window is no limit here: libssh opens it for what is read of the other stream. TCP stops the builder while nobody
    /// reads, however long that takes; and nothing is lost.
    @Test func oneStreamThatNobodyReadsArrivesWhole() {
        let server = ScriptedServer(on: loop)
        var (window, errors, output) = (64_000, 0, 0)
        let send = { [unowned server] in
            while window >= 20_000, errors < 6_000_000 {
                server.sendErrors(String(repeating: "e", count: 10_000))
                server.sendData([UInt8](repeating: 66, count: 10_000))
                window -= 20_000
                errors += 10_000
                output += 10_000
                if errors == 6_000_000 { server.finish(status: 0) }
            }
        }
        server.onStart = send
        server.answer = { message in
            guard message[0] == Message.channelWindowAdjust else { return false }
            var reader = WireReader(message.dropFirst(5))
            window += reader.uint32()
            send()
            return true
        }
        let client = Client("make", on: loop)
        client.readsErrors = false
        loop.timer(after: .seconds(60)) { [client] in client.readsErrors = true }
        client.visit(server)
        #expect(client.errors.count == 6_000_000 && client.output.count == 6_000_000)
        #expect(client.ending == .exited(status: 0))
    }

    /// All has been said, but not all of it has been read.
    @Test func aConnectionThatBreaksAfterTheCloseIsNoSuccessWhileOutputIsMissing() {
        let server = ScriptedServer(on: loop)
        server.onStart = { [loop, unowned server] in
            for _ in 0..<40 { server.sendData([UInt8](repeating: 66, count: 30_000)) }
            server.finish(status: 0)
            loop.timer(after: .seconds(1)) { server.peer.close() }
        }
        let client = Client("make", on: loop)
        client.reads = false
        loop.timer(after: .seconds(30)) { [client] in client.reads = true }
        client.visit(server)
        #expect(
            client.output.count == 1_200_000
                ? client.ending == .exited(status: 0) : client.error?.code == .lost)
    }

    /// libssh refuses it, and keeps what it says: writing would never end.
    @Test func aSecondConfirmationIsNoWayToSmallPackets() {
        let server = ScriptedServer(on: loop)
        let client = Client("cat", on: loop)
        server.onStart = { [loop, unowned server, unowned client] in
            server.send(
                .message(
                    Message.channelOpenConfirmation, .uint32(server.channel), .uint32(server.channel),
                    .uint32(1 << 20), .uint32(10)))
            loop.timer(after: .seconds(1)) { client.type([UInt8](repeating: 65, count: 3000)) }
        }
        client.visit(server)
        #expect(client.error?.code == .lost)
    }

    /// The person's terminal stands still, and the connection breaks: nothing is to be done until it goes on.
    @Test func aBrokenConnectionCostsNoTimeWhileItsOutputWaits() {
        let server = ScriptedServer(on: loop)
        server.window = 1 << 20
        server.onStart = { [loop, unowned server] in
            server.sendData([UInt8](repeating: 66, count: 30_000))
            for _ in 0..<40 { server.sendData([UInt8](repeating: 66, count: 30_000)) }
            loop.timer(after: .seconds(1)) { server.peer.close() }
        }
        let client = Client("make", on: loop)
        client.reads = false
        var turns = 0
        loop.timer(after: .seconds(5)) { [time] in turns = time.turns }
        loop.timer(after: .seconds(8)) { [time, unowned client] in
            turns = time.turns - turns
            client.reads = true
        }
        client.visit(server)
        #expect(client.error?.code == .lost && !client.output.isEmpty)
        #expect(turns < 10)
    }
}
