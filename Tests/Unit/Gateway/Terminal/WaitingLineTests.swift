import EventLoop
import TestSupport
import Testing

@testable import Gateway

/// The line that says what a session waits for.
@Suite final class WaitingLineTests {
    private let loop = EventLoop(VirtualTime())
    private let session: TestSession
    private var columns = 80

    init() {
        session = TestSession(on: loop)
    }

    private func line(rewriting: Bool = true) -> WaitingLine {
        WaitingLine(
            to: session.context.errors, columns: rewriting ? { [unowned self] in columns } : nil, on: loop)
    }

    private func passOneSecond() {
        loop.timer(after: .milliseconds(1001)) { [loop] in loop.stop() }
        loop.run()
    }

    @Test func itCountsAndDisappears() {
        let line = line()
        line.show("Job 2 is queued.")
        #expect(session.said.errors == "sallyport: Job 2 is queued. (0 s)")
        passOneSecond()
        #expect(session.said.errors == "\r\u{1b}[Ksallyport: Job 2 is queued. (1 s)")
        line.show("Booting.")
        #expect(session.said.errors == "\r\u{1b}[Ksallyport: Booting. (0 s)")
        line.clear()
        line.clear()
        #expect(session.said.errors == "\r\u{1b}[K")
    }

    @Test func whereNothingCanBeErasedEachStateHasALine() {
        let line = line(rewriting: false)
        line.show("Job 2 is queued.")
        line.show("Booting.")
        line.clear()
        #expect(session.said.errors == "sallyport: Job 2 is queued.\nsallyport: Booting.\n")
    }

    /// The last column is not used: a terminal can wrap there.
    @Test(arguments: [("Job 2 is queued.", 33), ("Job 漢字 waits", 31)])
    func aLineThatDoesNotFitIsNotRewritten(sentence: String, width: Int) {
        columns = width
        let narrow = line()
        narrow.show(sentence)
        narrow.clear()
        #expect(session.said.errors == "sallyport: \(sentence)\n")
        columns = width + 1
        let wide = line()
        wide.show(sentence)
        #expect(session.said.errors == "sallyport: \(sentence) (0 s)")
    }

    /// An allocator can say much.
    @Test func aLongSentenceIsCutToTheWindow() {
        let sentence = "Job 2 waits in pool cluster: " + String(repeating: "漢字 and on ", count: 20)
        columns = 90
        let line = line()
        line.show(sentence)
        let first = session.said.errors
        #expect(first.hasPrefix("sallyport: Job 2 waits in pool cluster: 漢字 and on "))
        #expect(first.hasSuffix("… (0 s)") && (84...89).contains(Self.width(of: first)), "\(first)")
        for _ in 1...10 { passOneSecond() }
        let last = session.said.errors.split(separator: "\r").last ?? ""
        #expect(last.hasSuffix("… (10 s)") && Self.width(of: last.dropFirst(3)) < 90, "\(last)")
        columns = 79
        line.show(sentence)
        #expect(session.said.errors == "\r\u{1b}[Ksallyport: \(sentence)\n")
    }

    private static func width(of text: some StringProtocol) -> Int {
        text.unicodeScalars.reduce(0) { $0 + ($1.isASCII || $1 == "…" ? 1 : 2) }
    }

    /// What has been printed stays, and nothing is printed over it.
    @Test func aWindowCanBecomeNarrow() {
        let line = line()
        line.show("Job 2 is queued.")
        columns = 20
        passOneSecond()
        line.clear()
        #expect(session.said.errors == "sallyport: Job 2 is queued. (0 s)\n")
        line.show("Booting.")
        #expect(session.said.errors == "sallyport: Booting.\n")
    }
}
