import CLinux
import EventLoop
import Glibc
import TestSupport
import Testing

@Suite struct OutputSinkTests {
    /// The writer may be using what the handler removes, such as the connection that the bytes come from.
    @Test func nobodyIsToldFromWithinAWriteThatTheReaderHasGone() throws {
        signal(SIGPIPE, SIG_IGN)
        var ends: [CInt] = [0, 0]
        try #require(sp_pipe(&ends) == 0)
        defer { close(ends[1]) }
        PipeEnd.close(ends[0], seenBy: ends[1])
        let loop = EventLoop()
        let sink = OutputSink(ends[1], on: loop)
        var isWriting = false
        var calls = 0
        sink.onGone = {
            #expect(!isWriting)
            calls += 1
            loop.stop()
        }
        isWriting = true
        sink.write("one\n")
        sink.write("two\n")
        #expect(sink.isGone && sink.isEmpty && calls == 0)
        isWriting = false
        loop.timer(after: .seconds(10)) { loop.stop() }
        loop.run()
        #expect(calls == 1)
    }
}
