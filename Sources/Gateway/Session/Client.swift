import EventLoop
import Glibc
import SSHClient

/// The person's end of a session: what they read, and the status that their ssh ends with.
final class Client {
    /// The descriptor of standard input, borrowed.
    let input: CInt
    /// The descriptor of standard output, borrowed.
    let outputDescriptor: CInt
    let output: OutputSink
    /// With a terminal it is the same as `output`, so that everything stays in order there.
    let errors: OutputSink
    /// What has passed between the client and a builder without `output`.
    let carried = CarriedBytes()
    /// Called once when the client has gone, with the cause; nil: the session ends.
    var onGone: ((String) -> Void)?
    /// Called before a message is printed, because a log may have begun a line.
    var onMessage: (() -> Void)?
    /// Whether the builder's terminal, not the gateway's, is in charge of the cursor.
    var isRaw = false
    private let loop: EventLoop
    private let journal: Journal
    private var status: ExitStatus?

    /// Do not wait for ever for a client that has stopped reading.
    private static let drainTimeout = Duration.seconds(10)

    /// - Parameters:
    ///   - input: the descriptor of standard input, borrowed.
    ///   - outputs: the descriptors of standard output and standard error, borrowed.
    init(
        on loop: EventLoop, journal: Journal, hasTerminal: Bool, input: CInt = STDIN_FILENO,
        outputs: (output: CInt, errors: CInt) = (STDOUT_FILENO, STDERR_FILENO)
    ) {
        self.loop = loop
        self.journal = journal
        self.input = input
        outputDescriptor = outputs.output
        output = OutputSink(outputs.output, on: loop)
        errors = hasTerminal ? output : OutputSink(outputs.errors, on: loop)
        output.onGone = { [unowned self] in isGone("the client stopped reading") }
    }

    /// How many bytes of the client's have gone into a builder.
    var received: Int { carried.toBuilder }
    /// How many bytes the client was sent.
    var sent: Int { output.written + (errors === output ? 0 : errors.written) + carried.toClient }

    /// Prints a message on standard error. It must already be harmless.
    func say(_ sentence: String) {
        onMessage?()
        // On a raw terminal the cursor can be anywhere, and stays in its column at a newline.
        errors.write(isRaw ? "\r\nsallyport: \(sentence)\r\n" : "sallyport: \(sentence)\n")
    }

    /// Prints the message for the person, logs the cause for the administrator, and ends the session.
    ///
    /// - Parameter text: the message, as the person reads it.
    func refuse(_ message: Message, text: String) {
        guard status == nil else { return }
        journal.warn("refused status=\(message.status): \(message.cause)")
        say("\(text) [session \(journal.session)]")
        for line in message.list { errors.write("  \(line)\(isRaw ? "\r" : "")\n") }
        finish(message.status)
    }

    /// Ends the session when everything has been written.
    func finish(_ status: ExitStatus) {
        guard self.status == nil else { return }
        self.status = status
        let stopWhenWritten = { [unowned self] in
            if (output.isEmpty || output.isGone) && (errors.isEmpty || errors.isGone) { loop.stop() }
        }
        output.onDrain = stopWhenWritten
        errors.onDrain = stopWhenWritten
        loop.timer(after: Self.drainTimeout) { [loop] in loop.stop() }
        stopWhenWritten()
    }

    private func isGone(_ cause: String) {
        if let onGone { return onGone(cause) }
        journal.note("client gone: \(cause)")
        status = status ?? .signal(SIGHUP)
        loop.stop()
    }

    /// Runs until ``finish(_:)`` is called.
    func run() -> ExitStatus {
        if status == nil || !(output.isEmpty && errors.isEmpty) { loop.run() }
        return status ?? .signal(SIGHUP)
    }
}
