import EventLoop
import Glibc
import TestSupport
import Testing

/// The loop, without real waiting: its time advances when it would wait.
@Suite struct EventLoopTests {
    private let time = VirtualTime()
    private let loop: EventLoop

    init() {
        loop = EventLoop(time)
    }

    @Test func timersFireWhenTheirTimeHasComeAndOnce() {
        var fired: [(name: String, at: Int64)] = []
        let note = { [time] name in fired.append((name, time.now.nanoseconds / 1_000_000)) }
        loop.timer(after: .seconds(3)) { [loop] in
            note("late")
            loop.stop()
        }
        loop.timer(after: .milliseconds(10)) { note("soon") }
        loop.timer(after: .milliseconds(10)) { [loop] in
            note("soon too")
            loop.timer(after: .seconds(1)) { note("from a handler") }
        }
        loop.run()
        #expect(fired.map(\.name) == ["soon", "soon too", "from a handler", "late"])
        #expect(fired.map(\.at) == [10, 10, 1010, 3000])
        #expect(time.waits == [10_000_000, 1_000_000_000, 1_990_000_000])
    }

    @Test func whatIsCancelledDoesNotFire() {
        let first = loop.timer(after: .seconds(1)) { Issue.record("it was cancelled before") }
        first.cancel()
        var second: Timer?
        loop.timer(after: .seconds(2)) { second?.cancel() }
        second = loop.timer(after: .seconds(2)) { Issue.record("it was cancelled by its neighbour") }
        loop.timer(after: .seconds(4)) { [loop] in loop.stop() }
        loop.run()
        #expect(time.now.nanoseconds == 4_000_000_000)
    }

    @Test func withoutATimerTheLoopWaitsForEver() {
        time.events = [[7: POLLIN]]
        let watch = loop.watch(7, for: .readable) { [loop] events in
            #expect(events == .readable)
            loop.stop()
        }
        loop.run()
        #expect(time.waits == [-1])
        watch.cancel()
    }

    @Test func aHandlerHearsOfWhatItWatchesAndOfErrors() {
        time.events = [[3: POLLOUT], [3: POLLHUP | POLLIN], [3: POLLERR]]
        var heard: [Watch.Events] = []
        let watch = loop.watch(3, for: [.readable, .writable]) { [loop] events in
            heard.append(events)
            if heard.count == 3 { loop.stop() }
        }
        loop.run()
        #expect(heard == [.writable, [.readable, .hangUp], .error])
        watch.cancel()
    }

    /// A descriptor can be closed, and its number reused, as soon as its watch is cancelled.
    @Test func aWatchThatIsCancelledInTheSameTurnHearsNothing() {
        time.events = [[3: POLLIN, 4: POLLIN]]
        var second: Watch?
        let first = loop.watch(3, for: .readable) { [loop] _ in
            second?.cancel()
            loop.stop()
        }
        second = loop.watch(4, for: .readable) { _ in Issue.record("it was cancelled") }
        loop.run()
        first.cancel()
        loop.timer(after: .seconds(1)) { [loop] in loop.stop() }
        time.events = [[3: POLLIN, 4: POLLIN]]
        loop.run()
        #expect(time.now.nanoseconds == 1_000_000_000)
    }

    @Test func whoWatchesNothingIsNotPolled() {
        let watch = loop.watch(5, for: []) { _ in Issue.record("nothing was watched") }
        time.events = [[5: POLLERR]]
        loop.timer(after: .seconds(1)) { [loop] in loop.stop() }
        loop.run()
        watch.cancel()
    }

    @Test func theAgeIsByTheLoopsOwnClock() {
        let start = loop.now
        loop.timer(after: .seconds(5)) { [loop] in loop.stop() }
        loop.run()
        #expect(loop.age(of: start) == .seconds(5))
    }
}
