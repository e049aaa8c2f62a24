import EventLoop
import Glibc

/// A question on standard error; the answer is one line of standard input. The end of the input means no, and so does
/// silence if there is a timeout.
final class Question: RunningCommand {
    let context: SessionContext
    private let answer: (String) -> Void
    private var line: [UInt8] = []
    private var watch: Watch?
    private var timer: Timer?

    /// - Parameters:
    ///   - text: without a newline, and already harmless.
    ///   - timeout: nil: it waits for ever.
    ///   - answer: called once, with the line without blanks around it; empty at the end of the input, and when the time
    ///     is up.
    init(
        _ text: String, timeout: Duration? = nil, in context: SessionContext,
        answer: @escaping (String) -> Void
    ) {
        self.context = context
        self.answer = answer
        context.errors.write("\(text) ")
        watch = context.loop.watch(context.client.input, for: .readable) { [unowned self] _ in read() }
        timer = timeout.map { timeout in
            context.loop.timer(after: timeout) { [unowned self] in
                context.errors.write("\n")
                end("")
            }
        }
    }

    deinit {
        stop()
    }

    private func stop() {
        watch?.cancel()
        timer?.cancel()
    }

    private func end(_ line: String) {
        stop()
        answer(line)
    }

    /// One byte at a time: bytes after the line belong to the next reader.
    private func read() {
        var byte: UInt8 = 0
        let count = Glibc.read(context.client.input, &byte, 1)
        if count < 0, errno == EINTR || errno == EAGAIN { return }
        if count == 1, byte != UInt8(ascii: "\n"), line.count < 256 {
            line.append(byte)
            return
        }
        let words = String(decoding: line, as: UTF8.self).split { " \t\r".contains($0) }
        end(count == 1 ? words.joined(separator: " ") : "")
    }
}
