import EventLoop

/// Says what is being waited for: on a terminal in one line that counts the seconds and goes when the waiting has ended,
/// else in a line for each thing.
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

    /// - Parameter sentence: what is being waited for; takes the place of the one before.
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

    /// Back to the first column, and away with what is there (ECMA-48, EL).
    private static let erase = "\r\u{1b}[K"

    private func draw() {
        guard let sentence else { return }
        // Nobody reads: what would pile up has no worth later.
        if sink.isEmpty { sink.write("\(Self.erase)sallyport: \(sentence) (\(seconds) s)") }
        seconds += 1
        timer?.cancel()
        timer = loop.timer(after: .seconds(1)) { [unowned self] in draw() }
    }
}
