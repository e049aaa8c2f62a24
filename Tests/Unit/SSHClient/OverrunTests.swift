import CLibSSH
import EventLoop
import Glibc
import Testing

@testable import SSHClient

/// Servers that send more than they may: each session ends by name, in little memory, while its client reads nothing.
@Suite struct OverrunTests {
    private let time = HurriedTime()
    private let loop: EventLoop

    init() {
        signal(SIGPIPE, SIG_IGN)
        loop = EventLoop(time)
    }

    private static let piece = [UInt8](repeating: 66, count: 30_000)

    private func client(reads: Bool = false, of script: (ScriptedServer) -> Void) -> Client {
        let server = ScriptedServer(on: loop)
        script(server)
        let client = Client("make", on: loop)
        client.reads = reads
        client.visit(server)
        return client
    }

    private enum Stream: CaseIterable {
        case output, errors, both
    }

    /// 21 MB, and a success that it is not.
    @Test(arguments: Stream.allCases) private func moreThanTheWindows(stream: Stream) {
        let client = client { server in
            server.onStart = { [unowned server] in
                for number in 0..<700 {
                    if stream == .output || (stream == .both && number.isMultiple(of: 2)) {
                        server.sendData(Self.piece)
                    } else {
                        server.sendErrors(String(decoding: Self.piece, as: UTF8.self))
                    }
                }
                server.finish(status: 0)
            }
        }
        #expect(client.error?.code == .overrun && client.ending == nil)
        #expect(time.now < Instant(nanoseconds: 10_000_000_000))
    }

    /// Some servers are careless; nothing piles up.
    @Test func moreThanTheWindowsIsNoHarmIfItIsRead() {
        let client = client(reads: true) { server in
            server.onStart = { [unowned server] in
                for _ in 0..<100 { server.sendData(Self.piece) }
                server.finish(status: 3)
            }
        }
        #expect(client.ending == .exited(status: 3) && client.output.count == 3_000_000)
    }

    /// Whatever arrives then is only kept.
    @Test func moreThanTheWindowsBeforeTheProgramRuns() {
        let client = client(reads: true) { server in
            server.answer = { [unowned server] message in
                guard message[0] == Message.channelRequest else { return false }
                for _ in 0..<100 { server.sendData(Self.piece) }
                return true
            }
        }
        #expect(client.error?.code == .overrun)
        #expect(time.now < Instant(nanoseconds: 10_000_000_000))
    }

    private static let floods: [@Sendable (ScriptedServer) -> [UInt8]] = [
        { _ in .message(Message.ignore, .string("x")) },
        { _ in .message(Message.globalRequest, .string("x"), .boolean(true)) },
        { _ in .message(Message.globalRequest, .string("keepalive@openssh.com"), .boolean(true)) },
        { .message(Message.channelWindowAdjust, .uint32($0.channel), .uint32(0)) },
        { .message(Message.channelRequest, .uint32($0.channel), .string("x"), .boolean(true)) },
        { _ in .message(200) },
        { .message(Message.channelData, .uint32($0.channel), .string("")) },
    ]

    @Test(arguments: floods.indices) func aFlood(number: Int) {
        let client = client(reads: true) { server in
            server.onStart = { [unowned server] in
                let message = Self.floods[number](server)
                for _ in 0..<6_000 { server.send(message) }
                server.finish(status: 0)
            }
        }
        #expect(client.error?.code == .overrun && client.ending == nil)
    }

    /// Its answers wait where nobody takes them.
    @Test func aFloodFromABuilderThatDoesNotRead() {
        let client = client(reads: true) { server in
            // As many as it may send, again and again.
            func ask(_ server: ScriptedServer) {
                for _ in 0..<4_000 {
                    server.send(.message(Message.globalRequest, .string("x"), .boolean(true)))
                }
                loop.timer(after: .seconds(5)) { [weak server] in server.map(ask) }
            }
            server.onStart = { [unowned server] in
                server.peer.pause()
                ask(server)
            }
        }
        #expect(client.error?.code == .overrun && client.ending == nil)
        #expect(
            client.error?.debugDescription.contains("does not read") == true,
            "\(String(describing: client.error))")
    }

    @Test func aFloodBeforeAnybodyIsLetIn() {
        let client = client { server in
            server.answer = { [unowned server] message in
                guard message[0] == Message.userAuthRequest else { return false }
                for _ in 0..<6_000 { server.send(.message(Message.ignore, .string("x"))) }
                return true
            }
        }
        #expect(client.error?.code == .overrun && client.events == ["hostKeyVerified", "failed"])
    }

    /// libssh takes no packet any more after the first, and would be asked for ever.
    @Test func aProgramsBytesBeforeAnybodyIsLetIn() {
        let client = client { server in
            server.answer = { [unowned server] message in
                guard message[0] == Message.serviceRequest else { return false }
                for _ in 0..<100 { server.sendData(Self.piece) }
                return true
            }
        }
        #expect(client.error?.code == .lost && client.events == ["hostKeyVerified", "failed"])
        #expect(time.turns < 1_000)
    }

    /// Of a few of its bytes there would be many here.
    @Test func aBuilderThatInsistsOnCompression() {
        let client = client { $0.compression = "zlib@openssh.com" }
        #expect(client.error != nil && client.events == ["failed"])
    }

    @Test func whatABuilderSendsIsPaidForByTimeAndByWhatItGets() {
        var budget = PacketBudget()
        var (packets, sent): (UInt64, UInt64) = (5_000, 0)
        func isPaid(after seconds: Int64) -> Bool {
            budget.pay(
                packets: packets, bytesSent: sent, at: Instant(nanoseconds: seconds * 1_000_000_000))
        }
        #expect(isPaid(after: 0))
        // A thousand each second, for ever.
        for second in 1...100 {
            packets += 1_000
            #expect(isPaid(after: Int64(second)))
        }
        // A window for each packet that it gets.
        packets += 10_000
        sent += 10_000 * 32_768
        #expect(isPaid(after: 100))
        // Nothing is saved up beyond the burst; and answers do not pay for requests.
        #expect(isPaid(after: 10_000))
        packets += 5_000
        #expect(isPaid(after: 10_000))
        packets += 1_000
        sent += 1_000
        #expect(!isPaid(after: 10_000))
    }
}
