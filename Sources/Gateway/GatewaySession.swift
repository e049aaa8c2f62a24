import AuthorizedKeys
import BuildAPI
import ConfigurationFile
import EventLoop
import Glibc
import Presentation
import ServiceClient

/// What every verb works with: one session on the gateway.
final class GatewaySession {
    let loop: EventLoop
    let service: any BuildService
    let configuration: Configuration
    let environment: SessionEnvironment
    let journal: Journal
    /// The plain key that authenticated.
    let key: PublicKey
    let output: OutputSink
    /// With a terminal it is the same as `output`, so that nothing overtakes anything there.
    let errors: OutputSink
    /// Called once when nobody is left to see what is written.
    var onClientGone: ((String) -> Void)?
    /// Whether the builder's terminal, not the gateway's, is in charge of the cursor.
    var isRaw = false
    /// What the session's verb needs until it has ended.
    var running: AnyObject?
    private var status: ExitStatus?

    /// - Parameter outputs: the descriptors of standard output and standard error, borrowed.
    init(
        loop: EventLoop, service: any BuildService, configuration: Configuration,
        environment: SessionEnvironment, journal: Journal, key: PublicKey,
        outputs: (output: CInt, errors: CInt) = (STDOUT_FILENO, STDERR_FILENO)
    ) {
        self.loop = loop
        self.service = service
        self.configuration = configuration
        self.environment = environment
        self.journal = journal
        self.key = key
        output = OutputSink(outputs.output, on: loop)
        errors = environment.hasTerminal ? output : OutputSink(outputs.errors, on: loop)
        output.onGone = { [unowned self] in clientIsGone("nobody reads what is written") }
    }

    /// Says something to the person, on standard error. It must be harmless already.
    func say(_ sentence: String) {
        // On a raw terminal the cursor may be anywhere, and stays in its column at a newline.
        errors.write(isRaw ? "\r\nsallyport: \(sentence)\r\n" : "sallyport: \(sentence)\n")
    }

    /// The answer of a verb that answers with data, on standard output; then the session ends.
    func answer(_ value: some Encodable, json: Bool, text: () -> String) {
        if json {
            guard let data = try? JSON.encode(value) else {
                return refuse(Refusal(.misconfigured, "The answer cannot be written.", cause: "JSON"))
            }
            output.write(HostileText.printable(json: String(decoding: data, as: UTF8.self)) + "\n")
        } else {
            output.write(text())
        }
        finish(.success)
    }

    /// Refuses: the sentence to the person, the cause to the administrator.
    func refuse(_ refusal: Refusal) {
        guard status == nil else { return }
        journal.warn("refused status=\(refusal.status): \(refusal.cause)")
        say("\(refusal.sentence) [session \(journal.session)]")
        finish(refusal.status)
    }

    /// The refusal for a service that did not answer as it should.
    static func refusal(for error: ServiceError) -> Refusal {
        let status: ExitStatus = error.isTransient ? .tryAgain : .misconfigured
        return Refusal(status, "\(error) \(error.advice)", cause: "\(error.debugDescription)")
    }

    /// Ends the session once what has been written has gone out.
    func finish(_ status: ExitStatus) {
        guard self.status == nil else { return }
        self.status = status
        let stopWhenWritten = { [unowned self] in
            if (output.isEmpty || output.isGone) && (errors.isEmpty || errors.isGone) { loop.stop() }
        }
        output.onDrain = stopWhenWritten
        errors.onDrain = stopWhenWritten
        // Somebody who has stopped reading is not waited for for ever.
        loop.timer(after: .seconds(10)) { [loop] in loop.stop() }
        stopWhenWritten()
    }

    /// The client has gone, or an administrator ends the session.
    func clientIsGone(_ cause: String) {
        if let onClientGone {
            onClientGone(cause)
        } else {
            journal.note("client gone: \(cause)")
            status = status ?? .signal(SIGHUP)
            loop.stop()
        }
    }

    /// Runs until somebody calls `finish`.
    func run() -> ExitStatus {
        if status == nil || !(output.isEmpty && errors.isEmpty) { loop.run() }
        return status ?? .signal(SIGHUP)
    }

    /// How to enter a command like this one: `ssh -t builds@host connect 42`.
    func commandLine(_ words: String, terminal: Bool = false) -> String {
        var parts = ["ssh"]
        if terminal { parts.append("-t") }
        if configuration.gateway.publicPort != 22 { parts.append("-p \(configuration.gateway.publicPort)") }
        parts.append("\(environment.account)@\(configuration.gateway.publicHost ?? Self.hostName())")
        parts.append(words)
        return parts.joined(separator: " ")
    }

    private static func hostName() -> String {
        var buffer = [UInt8](repeating: 0, count: 256)
        let result = buffer.withUnsafeMutableBytes { gethostname($0.baseAddress!, $0.count - 1) }
        return result == 0 ? String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self) : "this-host"
    }
}
