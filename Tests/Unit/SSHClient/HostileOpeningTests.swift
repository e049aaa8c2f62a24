import BuildAPI
import EventLoop
import Glibc
import Testing

@testable import SSHClient

/// Servers that are none, or break off, before anything is encrypted: each has an end by name, and none waits for ever.
@Suite struct HostileOpeningTests {
    private let time = HurriedTime()
    private let loop: EventLoop

    init() {
        signal(SIGPIPE, SIG_IGN)
        loop = EventLoop(time)
    }

    /// What becomes of a client, to whose server that is sent once it has connected.
    private func outcome(
        of bytes: [UInt8], closes: Bool = false, over time: Duration = .seconds(600)
    ) -> SSHClientError.Code? {
        let peer = Peer(on: loop)
        peer.onAccept = { [unowned peer] in
            peer.send(bytes)
            if closes { peer.close() }
        }
        let client = Client("true", on: loop)
        client.connect(
            to: BuilderAddress(
                endpoint: .address("127.0.0.1", port: peer.port), user: "build",
                hostKeys: ["ssh-ed25519 AAAA"]),
            credentials: BuilderCredentials(orNone: nil))
        client.finish(within: time)
        #expect(client.events == ["failed"] && client.ending == nil)
        return client.error?.code
    }

    private static let kexInit: [UInt8] = {
        let lists = [
            "diffie-hellman-group1-sha1", "ssh-dss", "none", "none", "none", "none", "none", "none", "", "",
        ]
        return [Message.kexInit] + [UInt8](repeating: 7, count: 16)
            + lists.flatMap { [UInt8].string($0) } + .boolean(false) + .uint32(0)
    }()

    private static func packet(_ message: [UInt8], length: Int? = nil) -> [UInt8] {
        let padding = 4 + (8 - (message.count + 9) % 8) % 8
        return .uint32(length ?? message.count + padding + 1) + [UInt8(padding)] + message
            + [UInt8](repeating: 0, count: padding)
    }

    private static let version = Array("SSH-2.0-x\r\n".utf8)

    private static let broken: [(what: String, bytes: [UInt8])] = [
        ("garbage", (0..<600).map { UInt8(truncatingIfNeeded: $0 &* 197 &+ 13) }),
        ("another protocol", Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8)),
        ("SSH 1", Array("SSH-1.5-old\r\n".utf8)),
        ("a version without an end", Array("SSH-2.0-".utf8) + [UInt8](repeating: 65, count: 100_000)),
        ("an algorithm that nobody has", version + packet(kexInit)),
        ("a packet of 4 GB", version + packet(kexInit, length: 0xffff_ffff)),
        (
            "a packet of 1 MB",
            version + packet(kexInit, length: 1 << 20) + [UInt8](repeating: 0, count: 1 << 20)
        ),
        ("a packet without content", version + .uint32(0) + [UInt8](repeating: 0, count: 64)),
        ("more padding than packet", version + .uint32(12) + [255] + [UInt8](repeating: 0, count: 64)),
        ("a message before its time", version + packet([Message.userAuthSuccess])),
        (
            "a channel before its time",
            version + packet(.message(Message.channelOpenConfirmation, .uint32(0)))
        ),
        ("a key exchange that is cut off", version + packet(Array(kexInit.prefix(40)))),
        (
            "a list that is longer than the packet",
            version + packet([Message.kexInit] + [UInt8](repeating: 7, count: 16) + .uint32(0x7fff_ffff))
        ),
        (
            "a good-bye",
            version + packet(.message(Message.disconnect, .uint32(2), .string("no"), .string("")))
        ),
    ]

    @Test(arguments: broken.indices) func whatIsNoServerIsNoConnection(number: Int) {
        let (what, bytes) = Self.broken[number]
        let code = outcome(of: bytes)
        #expect(
            code == .lost || code == .timedOut || code == .hostKeyMismatch,
            "\(what): \(String(describing: code))")
    }

    @Test func controlCharactersInAVersionDoNoHarm() {
        let code = outcome(of: Array("SSH-2.0-\u{1B}[2J\u{07}\u{00}\r\n".utf8) + Self.packet(Self.kexInit))
        #expect(code == .lost || code == .hostKeyMismatch)
    }

    @Test func silenceEndsWhenItsTimeIsOver() {
        #expect(outcome(of: []) == .timedOut)
        #expect(time.now >= Instant(nanoseconds: 30_000_000_000))
        #expect(time.now < Instant(nanoseconds: 32_000_000_000))
    }

    @Test func aServerThatSendsNothingButItsVersionEndsWhenItsTimeIsOver() {
        #expect(outcome(of: Self.version) == .timedOut)
    }

    @Test func whereNobodyListensThereIsNoConnection() {
        let (listener, port) = Peer.listen()
        close(listener)
        let client = Client("true", on: loop)
        client.connect(
            to: BuilderAddress(endpoint: .address("127.0.0.1", port: port), user: "build", hostKeys: []),
            credentials: BuilderCredentials(orNone: nil))
        #expect(client.events.isEmpty, "no event from within start()")
        client.finish()
        #expect(client.error?.code == .unreachable)
    }

    @Test func aNameIsNoAddress() {
        let client = Client("true", on: loop)
        client.connect(
            to: BuilderAddress(endpoint: .address("localhost", port: 22), user: "build", hostKeys: []),
            credentials: BuilderCredentials(orNone: nil))
        #expect(client.events.isEmpty, "no event from within start()")
        client.finish()
        #expect(client.error?.code == .misconfigured)
    }

    @Test func wherePinnedKeysAreNoneTheConfigurationIsWrong() {
        let peer = Peer(on: loop)
        let client = Client("true", on: loop)
        client.connect(
            to: BuilderAddress(
                endpoint: .address("127.0.0.1", port: peer.port), user: "build",
                hostKeys: ["no-such-type AAAA"]),
            credentials: BuilderCredentials(orNone: nil))
        client.finish()
        #expect(client.error?.code == .misconfigured)
    }
}
