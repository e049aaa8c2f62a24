import EventLoop

/// Shows what the session is waiting for: where a line can be rewritten, in one that counts the seconds and disappears
/// afterwards; otherwise in a line for each thing.
final class WaitingLine {
    private let sink: OutputSink
    private let columns: (() -> Int)?
    private let loop: EventLoop
    private var sentence: String?
    private var seconds = 0
    private var timer: Timer?

    /// - Parameter columns: the width of the window, now; nil: this is no terminal, or one that cannot erase a line.
    init(to sink: OutputSink, columns: (() -> Int)?, on loop: EventLoop) {
        self.sink = sink
        self.columns = columns
        self.loop = loop
    }

    deinit {
        timer?.cancel()
    }

    /// - Parameter sentence: what the session is waiting for; replaces the previous one.
    func show(_ sentence: String) {
        let isRewriting = self.sentence != nil
        self.sentence = sentence
        seconds = 0
        draw(isRewriting ? Self.erase : "")
    }

    /// The waiting has ended.
    func clear() {
        guard sentence != nil else { return }
        stop()
        sink.write(Self.erase)
    }

    /// Returns to the first column and erases the line (ECMA-48, EL).
    private static let erase = "\r\u{1b}[K"

    private func draw(_ erase: String = WaitingLine.erase) {
        guard let sentence else { return }
        let line = "sallyport: \(sentence)"
        let count = " (\(seconds) s)"
        let width = columns?() ?? 0
        let counted = Self.cut(line, to: max(width, Self.usualWidth) - 1 - count.count) + count
        guard Self.width(of: counted) < width else {
            // The window can have become so narrow that the line before takes several of its lines, which cannot be erased.
            if seconds == 0 { sink.write("\(erase)\(line)\n") } else { sink.write("\n") }
            return stop()
        }
        // If the client does not read, skip this: it would be of no use later.
        if sink.isEmpty { sink.write(erase + counted) }
        seconds += 1
        timer?.cancel()
        timer = loop.timer(after: .seconds(1)) { [unowned self] in draw() }
    }

    private func stop() {
        sentence = nil
        timer?.cancel()
    }

    /// What is said to be short enough, unless the service or an allocator says more.
    private static let usualWidth = 80

    private static func cut(_ text: String, to room: Int) -> String {
        guard width(of: text) > room else { return text }
        var result = text
        while width(of: result) > room - 2 { result.removeLast() }
        return result + "…"
    }

    /// At most; names are the only text that is not ASCII.
    private static func width(of text: String) -> Int {
        text.unicodeScalars.reduce(0) { $0 + ($1.isASCII ? 1 : 2) }
    }
}
