import BuildAPI
import CLibSSH
import EventLoop
import Glibc
import Testing

@testable import SSHClient

/// How many bytes wait for a builder that does not read.
@Suite struct TrafficTests {
    private let now = Instant(nanoseconds: 0)

    @Test func aBuilderThatDoesNotReadAnswersIsNotWaitedFor() {
        let traffic = SSHTraffic(of: nil)
        // 100 GB have gone out, and 300 KB wait.
        traffic.contents.pointee.out_bytes = 100_000_000_000
        traffic.contents.pointee.out_packets = 3_000_000
        traffic.wire.pointee.out_bytes = 100_100_000_000
        traffic.queueIsEmpty()
        traffic.contents.pointee.out_bytes += 300_000
        traffic.contents.pointee.out_packets += 10
        #expect(traffic.excess(at: now) == nil)
        // Small ones.
        traffic.contents.pointee.out_bytes += 12_000
        traffic.contents.pointee.out_packets += 12_000
        #expect(traffic.excess(at: now)?.code == .overrun)
        traffic.wire.pointee.out_bytes += 400_000
        #expect(traffic.excess(at: now) == nil)
    }

    /// What people type, and what programs write byte by byte, is free.
    @Test func onlyEmptyPacketsOfDataAreUseless() {
        func excess(_ count: Int, of bytes: UInt32) -> SSHClientError? {
            let traffic = SSHTraffic(of: nil)
            traffic.contents.pointee.in_packets = UInt64(count)
            for _ in 0..<count { traffic.countData(bytes) }
            return traffic.excess(at: now)
        }
        #expect(excess(6_000, of: 0)?.code == .overrun)
        #expect(excess(4_000, of: 0) == nil)
        #expect(excess(1_000_000, of: 1) == nil)
    }

    /// It reads, but so slowly that there is always something left, and then it stops.
    @Test(arguments: [84, 88]) func aBuilderThatAlwaysLeavesSomethingGainsNothing(packet: UInt64) {
        let traffic = SSHTraffic(of: nil)
        traffic.queueIsEmpty()
        var queued: UInt64 = 0
        func answer() {
            traffic.contents.pointee.out_packets += 1
            traffic.contents.pointee.out_bytes += 1
            queued += packet
        }
        for _ in 0..<10 { answer() }
        for _ in 0..<50_000 {
            answer()
            traffic.wire.pointee.out_bytes += packet
            queued -= packet
        }
        #expect(traffic.excess(at: now) == nil)
        while traffic.excess(at: now) == nil { answer() }
        #expect(queued <= SSHTraffic.longestQueue)
    }
}

/// The same with what libssh really sends.
@Suite(.enabled(if: Sshd.canBeUsed, "needs OpenSSH's sshd, and a login shell"))
struct PacketLengthTests {
    private let loop = EventLoop()

    /// All that ``SSHSession`` offers.
    private static let algorithms: [(cipher: String, code: String)] =
        ["aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com"]
        .map { ($0, "hmac-sha2-256") }
        + ["aes128-ctr", "aes256-ctr"].flatMap { cipher in
            [
                "hmac-sha2-256", "hmac-sha2-512", "hmac-sha2-256-etm@openssh.com",
                "hmac-sha2-512-etm@openssh.com",
            ]
            .map { (cipher, $0) }
        }

    @Test(arguments: algorithms) func noPacketIsLongerThanItIsCounted(cipher: String, code: String) throws {
        signal(SIGPIPE, SIG_IGN)
        let sshd = try Sshd(on: loop, ["Ciphers \(cipher)", "MACs \(code)"])
        let session = try connect(to: sshd)
        var lengths: [Int64] = []
        for length in 0..<40 {
            try send(String(repeating: "x", count: length), on: session)
            // All of it has gone, so this is by how much it was overestimated.
            lengths.append(session.traffic.queued)
            #expect(!session.hasPendingOutput() && session.traffic.queued == 0)
        }
        let least = try #require(lengths.min())
        #expect(least >= 0)
        if code == "hmac-sha2-512-etm@openssh.com" { #expect(least == 0) }
    }

    /// A session after its first key exchange.
    private func connect(to sshd: Sshd) throws -> SSHSession {
        let address = try sshd.address()
        var session: SSHSession?
        var failure: (any Error)?
        var advance: () -> Void = {}
        var opened: Result<CInt, SSHClientError>?
        let opening = EndpointOpening(of: address.endpoint, on: loop) { [loop] in
            opened = $0
            loop.stop()
        }
        let limit = loop.timer(after: .seconds(20)) { [loop] in loop.stop() }
        loop.run()
        withExtendedLifetime(opening) {}
        let socket = Socket(takingOwnershipOf: try #require(opened).get(), on: loop) { advance() }
        advance = { [loop] in
            do {
                let connecting =
                    try session ?? SSHSession(over: socket, user: address.user, hostKeyTypes: [])
                session = connecting
                switch connecting.connect() {
                case .again: return connecting.awaitSocket()
                case .failed: Issue.record("\(connecting.lastError())")
                case .done: socket.makeNonBlocking()
                }
            } catch {
                failure = error
            }
            socket.awaited = []
            loop.stop()
        }
        advance()
        if socket.awaited != [] { loop.run() }
        limit.cancel()
        if let failure { throw failure }
        advance = {}
        let connected = try #require(session)
        try flush(connected)
        #expect(!connected.hasPendingOutput())
        return connected
    }

    private func send(_ text: String, on session: SSHSession) throws {
        try #require(ssh_send_ignore(session.handle, text) == SSH_OK)
        try flush(session)
    }

    /// Returns when the socket has taken everything.
    private func flush(_ session: SSHSession) throws {
        var attempts = 0
        while ssh_get_poll_flags(session.handle) & SSH_WRITE_PENDING != 0 {
            session.process()
            attempts += 1
            try #require(attempts < 1_000_000, "the socket takes nothing: \(session.lastError())")
        }
    }
}
