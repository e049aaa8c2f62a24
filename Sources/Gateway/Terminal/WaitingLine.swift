import EventLoop

/// Shows what the session is waiting for: on a terminal in one line that counts the seconds and disappears afterwards,
/// otherwise in a line for each thing.
final class WaitingLine {
    private let sink: OutputSink
    private let isTerminal: Bool
    private let loop: EventLoop
    private var sentence: String?
    private var seconds = 0
    private var timer: Timer?

    init(to sink: OutputSink, isTerminal: Bool, on loop: EventLoop) {
        self.sink = sink
        self.isTerminal = isTerminal
        self.loop = loop
    }

    deinit {
        timer?.cancel()
    }

    /// - Parameter sentence: what the session is waiting for; replaces the previous one.
    func show(_ sentence: String) {
        guard isTerminal else {
            sink.write("sallyport: \(sentence)\n")
            return
        }
        self.sentence = sentence
        seconds = 0
        draw()
    }

    /// The waiting has ended.
    func clear() {
        guard sentence != nil else { return }
        sentence = nil
        timer?.cancel()
        sink.write(Self.erase)
    }

    /// Returns to the first column and erases the line (ECMA-48, EL).
    private static let erase = "\r\u{1b}[K"

    private func draw() {
        guard let sentence else { return }
        // If the client does not read, skip this: it would be of no use later.
        if sink.isEmpty { sink.write("\(Self.erase)sallyport: \(sentence) (\(seconds) s)") }
        seconds += 1
        timer?.cancel()
        timer = loop.timer(after: .seconds(1)) { [unowned self] in draw() }
    }
}
