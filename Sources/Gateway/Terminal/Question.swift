import EventLoop
import Glibc

/// A question on standard error; the answer is one line of standard input. The end of the input means no.
final class Question: RunningCommand {
    let context: SessionContext
    private let answer: (String) -> Void
    private var line: [UInt8] = []
    private var watch: Watch?

    /// - Parameters:
    ///   - text: without a newline, and already harmless.
    ///   - answer: gets the line without blanks around it; empty at the end of the input.
    init(_ text: String, in context: SessionContext, answer: @escaping (String) -> Void) {
        self.context = context
        self.answer = answer
        context.errors.write("\(text) ")
        watch = context.loop.watch(STDIN_FILENO, for: .readable) { [unowned self] _ in read() }
    }

    deinit {
        watch?.cancel()
    }

    /// One byte at a time: bytes after the line belong to the next reader.
    private func read() {
        var byte: UInt8 = 0
        let count = Glibc.read(STDIN_FILENO, &byte, 1)
        if count < 0, errno == EINTR || errno == EAGAIN { return }
        if count == 1, byte != UInt8(ascii: "\n"), line.count < 256 {
            line.append(byte)
            return
        }
        watch?.cancel()
        let words = String(decoding: line, as: UTF8.self).split { " \t\r".contains($0) }
        answer(count == 1 ? words.joined(separator: " ") : "")
    }
}
