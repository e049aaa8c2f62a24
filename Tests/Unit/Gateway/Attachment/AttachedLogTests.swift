import Connections
import EventLoop
import Glibc
import ServiceClient
import TestSupport
import Testing

@testable import Gateway

@Suite("The log of an attached machine, on its way") struct AttachedLogTests {
    /// A log, a command that writes it, and what each request has got.
    private final class Bench {
        let loop = EventLoop()
        let log: AttachedLog
        private let writer: CInt
        private(set) var requests: [String] = []

        init(silence: Duration) throws {
            let ends = PipeEnd.blockingPair()
            writer = ends.write
            let output = open("/dev/null", O_WRONLY | O_CLOEXEC)
            log = AttachedLog(StreamPair(takingOwnershipOf: ends.read, output), on: loop, silence: silence)
        }

        func write(_ text: String) {
            _ = Array(text.utf8).withUnsafeBytes { Glibc.write(writer, $0.baseAddress, $0.count) }
        }
        func end() { close(writer) }

        /// Takes one request's bytes, from something for it to its end.
        func request() {
            if !log.hasNews {
                log.onNews = { [loop] in loop.stop() }
                loop.run()
            }
            var text = ""
            log.resume()
            log.onMore = { [unowned self] in
                let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4, alignment: 1)
                defer { buffer.deallocate() }
                while let count = log.read(into: buffer) {
                    guard count > 0 else { return loop.stop() }
                    text += String(decoding: buffer[..<count], as: UTF8.self)
                }
            }
            loop.timer(after: .zero) { [log] in log.onMore() }
            loop.run()
            requests.append(text)
        }
    }

    @Test("silence ends a request, and the next words begin another one")
    func silence() throws {
        let bench = try Bench(silence: .milliseconds(20))
        bench.write("compiling\n")
        bench.request()
        bench.write("testing\n")
        bench.request()
        #expect(bench.requests == ["compiling\n", "testing\n"])
        #expect(!bench.log.hasNews && !bench.log.isComplete)
    }

    @Test("the end of the command ends a request at once; the last one has no bytes")
    func end() throws {
        let bench = try Bench(silence: .seconds(3600))
        bench.write("done\n")
        bench.end()
        bench.request()
        #expect(bench.requests == ["done\n"] && bench.log.isComplete)
        bench.request()
        #expect(bench.requests == ["done\n", ""] && bench.log.isComplete)
    }
}
