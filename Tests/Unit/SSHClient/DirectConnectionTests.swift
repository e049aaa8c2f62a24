import BuildAPI
import CLinux
import EventLoop
import Glibc
import TestSupport
import Testing

@testable import SSHClient

/// A connection whose bytes are someone else's, between two pipes and a server on loopback.
@Suite final class DirectConnectionTests {
    private let time = HurriedTime()
    private let loop: EventLoop
    private let peer: Peer
    private var input: (read: CInt, write: CInt) = (-1, -1)
    private var output: (read: CInt, write: CInt) = (-1, -1)
    private let record = Record()
    private let carried = CarriedBytes()
    private var connection: DirectConnection?
    private var reading: Watch?

    private final class Record {
        var events: [String] = []
        var code: SSHClientError.Code?
        var shown: [UInt8] = []
        var arrived: [UInt8] = []
    }

    init() throws {
        signal(SIGPIPE, SIG_IGN)
        loop = EventLoop(time)
        peer = Peer(on: loop)
        for path in [\DirectConnectionTests.input, \.output] {
            var ends: [CInt] = [0, 0]
            try #require(sp_pipe(&ends) == 0)
            self[keyPath: path] = (ends[0], ends[1])
        }
        peer.onBytes = { [record] in record.arrived += $0 }
    }

    deinit {
        connection?.close()
        reading?.cancel()
        for descriptor in [input.read, input.write, output.read, output.write] where descriptor >= 0 {
            close(descriptor)
        }
    }

    private func start(port: UInt16? = nil) {
        connection = DirectConnection(
            to: BuilderAddress(
                endpoint: .address("127.0.0.1", port: port ?? peer.port), user: "build", hostKeys: []),
            on: loop
        ) { [unowned self] event in
            switch event {
            case .connected:
                record.events.append("connected")
                connection?.carry(from: input.read, to: output.write, counting: carried)
            case .builderEnded: record.events.append("builderEnded")
            case .ended:
                record.events.append("ended")
                loop.stop()
            case .failed(let error):
                record.events.append("failed")
                record.code = error.code
                loop.stop()
            }
        }
        reading = loop.watch(output.read, for: .readable) { [unowned self] _ in drain() }
        connection?.start()
    }

    private func drain() {
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        while true {
            let count = read(output.read, &buffer, buffer.count)
            guard count > 0 else { return }
            record.shown += buffer[..<count]
        }
    }

    private func run() {
        let guardian = loop.timer(after: .seconds(600)) { [unowned loop, record] in
            Issue.record("nothing happens any more after \(record.events)")
            loop.stop()
        }
        loop.run()
        guardian.cancel()
        drain()
    }

    private func endInput() {
        PipeEnd.close(input.write, seenBy: input.read)
        input.write = -1
    }

    @Test func bytesGoBothWaysAndEachEndIsPassedOn() {
        peer.onBytes = { [record, peer] bytes in
            record.arrived += bytes
            if bytes.isEmpty {
                peer.send("good-bye")
                peer.close()
            }
        }
        start()
        #expect(write(input.write, "hello", 5) == 5)
        endInput()
        run()
        #expect(record.events == ["connected", "ended"])
        #expect(record.arrived == Array("hello".utf8) && record.shown == Array("good-bye".utf8))
    }

    @Test func megabytesArriveAsTheyWere() {
        let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        let typing = OutputSink(input.write, on: loop)
        peer.onBytes = { [record, peer] piece in
            record.arrived += piece
            peer.send(piece)
            if piece.isEmpty {
                peer.sendEndOfFile()
            }
        }
        start()
        typing.write(bytes)
        typing.end()
        run()
        #expect(record.arrived == bytes && record.shown == bytes && record.events == ["connected", "ended"])
    }

    @Test func aBuilderThatEndsFirstIsToldOfAndTheClientGoesOn() {
        peer.onAccept = { [peer] in
            peer.send("last words")
            peer.sendEndOfFile()
        }
        start()
        loop.timer(after: .seconds(2)) { [unowned self] in
            #expect(record.events == ["connected", "builderEnded"])
            #expect(write(input.write, "more", 4) == 4)
            endInput()
        }
        run()
        #expect(record.events == ["connected", "builderEnded", "ended"])
        #expect(record.shown == Array("last words".utf8) && record.arrived == Array("more".utf8))
    }

    @Test func aClientWithNothingToSayHearsThatTheBuilderHasGone() {
        peer.onAccept = { [peer, loop] in
            peer.sendEndOfFile()
            loop.timer(after: .seconds(2)) { peer.reset() }
        }
        start()
        run()
        #expect(record.events == ["connected", "builderEnded", "failed"] && record.code == .lost)
    }

    @Test func aConnectionThatIsResetIsLost() {
        peer.onAccept = { [peer, loop] in loop.timer(after: .seconds(1)) { peer.reset() } }
        start()
        run()
        #expect(record.events == ["connected", "failed"] && record.code == .lost)
    }

    @Test func aClientWhoNoLongerReadsHasEndedTheConnection() {
        peer.onAccept = { [peer, loop, unowned self] in
            reading?.cancel()
            PipeEnd.close(output.read, seenBy: output.write)
            output.read = -1
            loop.timer(after: .seconds(1)) { peer.send("for nobody") }
        }
        start()
        run()
        #expect(record.events == ["connected", "ended"])
    }

    @Test func whereNobodyListensThereIsNoConnection() {
        let (listener, port) = Peer.listen()
        close(listener)
        start(port: port)
        #expect(record.events.isEmpty, "no event from within start()")
        run()
        #expect(record.events == ["failed"] && record.code == .unreachable)
    }

    @Test func whatIsClosedHasNoMoreEvents() {
        peer.onAccept = { [peer] in peer.send("hello") }
        start()
        connection?.close()
        connection?.close()
        loop.timer(after: .seconds(60)) { [loop] in loop.stop() }
        loop.run()
        #expect(record.events.isEmpty && record.shown.isEmpty)
    }
}
