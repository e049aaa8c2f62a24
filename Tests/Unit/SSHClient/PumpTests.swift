import CLinux
import EventLoop
import Glibc
import TestSupport
import Testing

@testable import SSHClient

/// The pump between a client's pipes and a channel that a test writes.
@Suite final class PumpTests {
    private let loop = EventLoop()
    private let channel = FakeChannel()
    private var pipes: [(read: CInt, write: CInt)] = []
    private let streams: PumpStreams
    private let pump: Pump
    private var wakes: Int { counter.count }
    private let counter = Counter()

    private final class Counter {
        var count = 0
        var passed: [String] = []
    }

    init() {
        signal(SIGPIPE, SIG_IGN)
        pipes = (0..<3).map { _ in
            var ends: [CInt] = [0, 0]
            precondition(sp_pipe(&ends) == 0)
            return (ends[0], ends[1])
        }
        streams = PumpStreams(
            input: pipes[0].read, output: OutputSink(pipes[1].write, on: loop),
            errors: OutputSink(pipes[2].write, on: loop)
        ) { [counter] traffic in
            switch traffic {
            case .input(_): counter.passed.append("in")
            case .output(let bytes): counter.passed.append(String(decoding: bytes.prefix(9), as: UTF8.self))
            }
        }
        pump = Pump(streams, channel, agent: nil, on: loop) { [counter] in counter.count += 1 }
    }

    deinit {
        pump.stop()
        for pipe in pipes {
            close(pipe.read)
            if pipe.write >= 0 { close(pipe.write) }
        }
    }

    /// Lets happen what is due already, as often as someone wants to move.
    private func settle() {
        repeat {
            counter.count = 0
            loop.timer(after: .milliseconds(1)) { [loop] in loop.stop() }
            loop.run()
            if wakes > 0 { _ = pump.move() }
        } while wakes > 0
    }

    /// What has been typed waits until the builder says that its terminal is ready, but not for ever.
    @Test(arguments: [true, false]) func typingWaitsForTheTerminal(isAnnounced: Bool) {
        let time = HurriedTime()
        let loop = EventLoop(time)
        let streams = PumpStreams(
            input: pipes[0].read, output: OutputSink(pipes[1].write, on: loop),
            errors: OutputSink(pipes[2].write, on: loop), typedAhead: Array("first ".utf8))
        let channel = FakeChannel()
        var pump: Pump?
        let settle = { (wait: Duration) in
            loop.timer(after: wait) { loop.stop() }
            loop.run()
            _ = pump?.move()
        }
        pump = Pump(streams, channel, agent: nil, readyMarker: Terminal.readyMarker, on: loop) {
            _ = pump?.move()
        }
        _ = "then".withCString { write(pipes[0].write, $0, 4) }
        settle(.seconds(1))
        #expect(channel.written.isEmpty)
        if isAnnounced { channel.output = Terminal.readyMarker + Array("$ ".utf8) }
        settle(.seconds(isAnnounced ? 1 : 5))
        settle(.seconds(1))
        #expect(String(decoding: channel.written, as: UTF8.self) == "first then")
        #expect(shown(1) == Array((isAnnounced ? "$ " : "").utf8))
        pump?.stop()
    }

    private func shown(_ number: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = read(pipes[number].read, &buffer, buffer.count)
            guard count > 0 else { return bytes }
            bytes += buffer[..<count]
        }
    }

    private func type(_ bytes: [UInt8]) -> Int {
        bytes.withUnsafeBytes { write(pipes[0].write, $0.baseAddress, $0.count) }
    }

    private func endInput() {
        PipeEnd.close(pipes[0].write, seenBy: pipes[0].read)
        pipes[0].write = -1
    }

    @Test func bothStreamsArriveEachByItself() {
        channel.output = Array("out".utf8)
        channel.errors = Array("err".utf8)
        #expect(pump.move() == .moving)
        #expect(shown(1) == Array("out".utf8) && shown(2) == Array("err".utf8))
        #expect(counter.passed == ["out", "err"])
    }

    @Test func itEndsWhenTheChannelIsOverAndAllHasBeenWritten() {
        channel.output = [UInt8](repeating: 1, count: 3 << 20)
        channel.isOver = true
        #expect(pump.move() == .moving)
        var all: [UInt8] = []
        while all.count < 3 << 20 {
            all += shown(1)
            settle()
        }
        #expect(pump.move() == .ended && all.allSatisfy { $0 == 1 } && all.count == 3 << 20)
    }

    /// A whole window's worth may be waiting, and nothing more: what has been read is what the builder may send again.
    @Test func aReaderWhoStallsStopsTheReadingOfThatStreamOnly() {
        channel.output = [UInt8](repeating: 1, count: 2 << 20)
        #expect(pump.move() == .moving && channel.output.isEmpty)
        channel.output = [UInt8](repeating: 2, count: 2 << 20)
        channel.errors = Array("err".utf8)
        for _ in 0..<5 { #expect(pump.move() == .moving) }
        #expect(channel.output.count == 2 << 20 && shown(2) == Array("err".utf8))
    }

    @Test(arguments: [false, true]) func ofABuilderThatSendsOnNothingIsReadUntilThereIsRoom(onErrors: Bool) {
        let stream = onErrors ? \FakeChannel.errors : \.output
        channel[keyPath: stream] = [UInt8](repeating: 1, count: 3 << 20)
        #expect(pump.move() == .moving, "all of it has been read")
        channel[keyPath: stream] = [UInt8](repeating: 1, count: 1 << 20)
        #expect(pump.move() == .moving)
        channel[keyPath: stream] += [UInt8](repeating: 1, count: 2 << 20)
        channel.processed = 0
        for _ in 0..<3 { #expect(pump.move() == .backedUp) }
        #expect(channel.processed == 0, "no packet is taken in")
        var all = 0
        while all < 6 << 20 {
            all += shown(onErrors ? 2 : 1).count
            settle()
        }
        #expect(pump.move() == .moving && channel[keyPath: stream].isEmpty && channel.processed > 0)
    }

    @Test func aReaderWhoHasGoneStopsNobody() {
        PipeEnd.close(pipes[1].read, seenBy: pipes[1].write)
        pipes[1].read = open("/dev/null", O_RDONLY)
        channel.output = [UInt8](repeating: 1, count: 8 << 20)
        #expect(pump.move() == .moving)
        #expect(streams.output.isGone && channel.output.isEmpty)
        channel.isOver = true
        #expect(pump.move() == .ended)
    }

    @Test func theInputGoesAsFarAsTheWindowAndItsEndComesLast() {
        channel.window = 4
        #expect(type(Array("0123456789".utf8)) == 10)
        endInput()
        settle()
        #expect(channel.written == Array("0123".utf8) && !channel.hasEndOfFile)
        channel.window = 4
        _ = pump.move()
        #expect(channel.written == Array("01234567".utf8))
        channel.window = 100
        settle()
        _ = pump.move()
        settle()
        #expect(channel.written == Array("0123456789".utf8) && channel.hasEndOfFile)
        #expect(counter.passed == ["in"])
    }

    @Test func nothingIsReadFromTheClientWhileTheBuilderTakesNothing() {
        channel.window = 0
        var typed = 0
        for _ in 0..<20 {
            let count = type([UInt8](repeating: 7, count: 64 << 10))
            typed += max(0, count)
            settle()
        }
        #expect(typed < 512 << 10, "what is on its way is in the pipe, and one chunk of it in the pump")
        channel.window = 1 << 20
        _ = pump.move()
        settle()
        endInput()
        settle()
        #expect(channel.written.count == typed && channel.hasEndOfFile)
    }

    @Test func nothingIsWrittenWhileTheSocketTakesNothing() {
        channel.hasPendingOutput = true
        #expect(type([1, 2, 3]) == 3)
        settle()
        #expect(channel.written.isEmpty)
        channel.hasPendingOutput = false
        _ = pump.move()
        #expect(channel.written == [1, 2, 3])
    }

    @Test func aBuilderThatReadsNoMoreEndsTheInputAndNotTheOutput() {
        channel.refusesInput = true
        #expect(type([1]) == 1)
        settle()
        #expect(type([2]) == 1)
        settle()
        #expect(channel.written.isEmpty)
        channel.output = Array("still".utf8)
        #expect(pump.move() == .moving && shown(1) == Array("still".utf8))
        endInput()
        settle()
        #expect(!channel.hasEndOfFile)
    }

    @Test func theEndOfFileIsToldOnce() {
        endInput()
        settle()
        for _ in 0..<3 { _ = pump.move() }
        #expect(channel.endsOfFile == 1)
    }

    @Test func whatIsStoppedReadsNothing() {
        pump.stop()
        #expect(type([1]) == 1)
        settle()
        #expect(counter.passed.isEmpty && streams.output.onDrain == nil)
    }
}

/// A channel, as far as a pump knows one.
private final class FakeChannel: PumpChannel {
    var output: [UInt8] = []
    var errors: [UInt8] = []
    var written: [UInt8] = []
    var window = 1 << 20
    var isOver = false
    var hasPendingOutput = false
    var refusesInput = false
    var endsOfFile = 0
    var processed = 0
    var bytesReceived: UInt64 = 0
    var hasEndOfFile: Bool { endsOfFile > 0 }

    func read(into buffer: UnsafeMutableRawBufferPointer, standardError: Bool) -> SSHChannel.ReadResult {
        let waiting = standardError ? errors : output
        guard !waiting.isEmpty else { return isOver ? .end : .nothing }
        let count = min(waiting.count, buffer.count)
        buffer.copyBytes(from: waiting[..<count])
        if standardError { errors.removeFirst(count) } else { output.removeFirst(count) }
        return .bytes(count)
    }

    func waiting(standardError: Bool) -> Int { standardError ? errors.count : output.count }

    func write(_ bytes: UnsafeRawBufferPointer) -> Int? {
        guard !refusesInput else { return nil }
        precondition(bytes.count <= window)
        written += bytes
        window -= bytes.count
        return bytes.count
    }

    func sendEndOfFile() { endsOfFile += 1 }
    func process() { processed += 1 }
    func hasMore(since received: UInt64) -> Bool { false }
}
