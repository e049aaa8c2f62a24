import CLinux
import Glibc
import TestSupport
import Testing

@testable import EventLoop

/// Bytes that go from one descriptor to another inside the kernel.
@Suite final class SpliceTests {
    private let loop = EventLoop()
    private var open: Set<CInt> = []

    deinit {
        for descriptor in open { close(descriptor) }
    }

    private func makePipe() throws -> (read: CInt, write: CInt) {
        var ends: [CInt] = [0, 0]
        // A program that another test starts must not have the ends, or closing them ends nothing.
        try #require(sp_pipe(&ends) == 0)
        open.formUnion(ends)
        return (ends[0], ends[1])
    }

    private func makeSocketPair() throws -> (near: CInt, far: CInt) {
        var ends: [CInt] = [0, 0]
        let type = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        try #require(socketpair(AF_UNIX, type, 0, &ends) == 0)
        open.formUnion(ends)
        return (ends[0], ends[1])
    }

    private func finish(_ descriptor: CInt) {
        open.remove(descriptor)
        close(descriptor)
    }

    private func run() {
        let limit = loop.timer(after: .seconds(10)) { [loop] in
            Issue.record("nothing happens any more")
            loop.stop()
        }
        loop.run()
        limit.cancel()
    }

    @Test func allBytesArriveInTheirOrderHoweverManyThereAre() throws {
        let (source, sink) = (try makePipe(), try makeSocketPair())
        let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        var (written, received, moved) = (0, [UInt8](), 0)
        var end: Splice.End?
        _ = fcntl(source.write, F_SETFL, O_NONBLOCK)
        var writer: Watch?
        writer = loop.watch(source.write, for: .writable) { [unowned self] _ in
            let count = bytes[written...].withUnsafeBytes {
                write(source.write, $0.baseAddress, min($0.count, 70_000))
            }
            if count > 0 { written += count }
            guard written == bytes.count else { return }
            writer?.cancel()
            finish(source.write)
        }
        let reader = loop.watch(sink.far, for: .readable) { [loop] _ in
            var buffer = [UInt8](repeating: 0, count: 100_000)
            let count = read(sink.far, &buffer, buffer.count)
            if count > 0 { received += buffer[..<count] }
            if received.count == bytes.count, end != nil { loop.stop() }
        }
        let splice = Splice(from: source.read, to: sink.near, on: loop) { [loop] in
            end = $0
            if received.count == bytes.count { loop.stop() }
        }
        splice.moved = { moved += $0 }
        run()
        reader.cancel()
        #expect(received == bytes && moved == bytes.count && end == .endOfFile)
    }

    /// Lets happen what is due already.
    private func turn() {
        loop.timer(after: .milliseconds(5)) { [loop] in loop.stop() }
        loop.run()
    }

    @Test func anEndWithoutBytesIsAnEnd() throws {
        let (source, sink) = (try makePipe(), try makeSocketPair())
        var end: Splice.End?
        let splice = Splice(from: source.read, to: sink.near, on: loop) { [loop] in
            end = $0
            loop.stop()
        }
        finish(source.write)
        run()
        #expect(end == .endOfFile)
        splice.stop()
    }

    @Test func aReaderWhoHasGoneIsAFailureByName() throws {
        signal(SIGPIPE, SIG_IGN)
        let (source, sink) = (try makePipe(), try makeSocketPair())
        finish(sink.far)
        PipeEnd.waitUntilAlone(sink.near)
        var end: Splice.End?
        let splice = Splice(from: source.read, to: sink.near, on: loop) { [loop] in
            end = $0
            loop.stop()
        }
        #expect(write(source.write, "x", 1) == 1)
        run()
        #expect(end == .failed(errno: EPIPE))
        splice.stop()
    }

    @Test func whatIsStoppedCarriesNothing() throws {
        let (source, sink) = (try makePipe(), try makeSocketPair())
        let splice = Splice(from: source.read, to: sink.near, on: loop) { _ in Issue.record("it was stopped")
        }
        splice.stop()
        #expect(write(source.write, "x", 1) == 1)
        turn()
        var byte: UInt8 = 0
        #expect(read(sink.far, &byte, 1) == -1 && errno == EAGAIN)
    }
}
