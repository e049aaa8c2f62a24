import CLinux
import EventLoop
import Glibc
import Testing

@testable import SSHClient

/// A client of the gateway's with its three streams, and the connection to a builder that serves it.
final class Client {
    let loop: EventLoop
    private(set) var connection: BuilderConnection?
    /// The events' names, in their order.
    private(set) var events: [String] = []
    private(set) var ending: RemoteEnding?
    private(set) var error: SSHClientError?
    private(set) var output: [UInt8] = []
    private(set) var errors: [UInt8] = []
    /// Called after each event, the connection's own answer to it included.
    var onEvent: (BuilderConnection.Event) -> Void = { _ in }
    /// Called when something has been shown.
    var onOutput: () -> Void = {}
    /// Whether it is let in by itself once the host key has been verified.
    var authenticates = true
    /// Whether what is shown is read.
    var reads = true {
        didSet { for reader in readers { reader.events = reads ? .readable : [] } }
    }

    /// Whether standard output is read.
    var readsOutput = true {
        didSet { readers[0].events = readsOutput ? .readable : [] }
    }

    /// Whether standard error is read.
    var readsErrors = true {
        didSet { readers[1].events = readsErrors ? .readable : [] }
    }

    private let program: RemoteProgram
    private let input: OutputSink
    private let pipes: [(read: CInt, write: CInt)]
    private let sinks: (output: OutputSink, errors: OutputSink)
    private var readers: [Watch] = []

    init(_ program: RemoteProgram, on loop: EventLoop) {
        self.program = program
        self.loop = loop
        pipes = (0..<3).map { _ in
            var ends: [CInt] = [0, 0]
            precondition(sp_pipe(&ends) == 0)
            return (ends[0], ends[1])
        }
        input = OutputSink(pipes[0].write, on: loop)
        sinks = (OutputSink(pipes[1].write, on: loop), OutputSink(pipes[2].write, on: loop))
        readers = [1, 2].map { number in
            loop.watch(pipes[number].read, for: .readable) { [unowned self] _ in
                drain(number)
                onOutput()
            }
        }
    }

    convenience init(_ command: String, on loop: EventLoop) {
        self.init(
            RemoteProgram(terminal: nil, environment: [], command: Array(command.utf8)), on: loop)
    }

    deinit {
        connection?.close()
        for reader in readers { reader.cancel() }
        for pipe in pipes {
            close(pipe.read)
            close(pipe.write)
        }
    }

    var text: String { String(decoding: output, as: UTF8.self) }
    var errorText: String { String(decoding: errors, as: UTF8.self) }

    /// What is typed.
    func type(_ bytes: [UInt8]) {
        input.write(bytes)
    }

    func type(_ text: String) {
        input.write(text)
    }

    func endInput() {
        input.end()
    }

    func connect(
        to builder: BuilderAddress, credentials: consuming BuilderCredentials,
        acceptsUnknownKey: ((String) -> Bool)? = nil
    ) {
        let connection = BuilderConnection(
            to: builder, credentials: credentials, acceptsUnknownKey: acceptsUnknownKey, on: loop
        ) { [unowned self] in happened($0) }
        self.connection = connection
        connection.start()
    }

    private func happened(_ event: BuilderConnection.Event) {
        switch event {
        case .hostKeyVerified:
            events.append("hostKeyVerified")
            if authenticates { connection?.authenticate() }
        case .authenticated:
            events.append("authenticated")
            connection?.run(
                program,
                streams: PumpStreams(input: pipes[0].read, output: sinks.output, errors: sinks.errors))
        case .started: events.append("started")
        case .ended(let ending):
            events.append("ended")
            self.ending = ending
            loop.stop()
        case .failed(let error):
            events.append("failed")
            self.error = error
            loop.stop()
        }
        onEvent(event)
    }

    private func drain(_ number: Int) {
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        while true {
            let count = read(pipes[number].read, &buffer, buffer.count)
            guard count > 0 else { return }
            if number == 1 { output += buffer[..<count] } else { errors += buffer[..<count] }
        }
    }

    /// Goes through a whole session on that server, which lets everybody in.
    func visit(_ server: ScriptedServer, within limit: Duration = .seconds(600)) {
        connect(to: server.address, credentials: BuilderCredentials(orNone: nil))
        finish(within: limit)
    }

    /// A client, after the server has done what it does.
    ///
    /// - Parameter program: nil: `make`.
    static func ofServer(
        on loop: EventLoop, _ program: RemoteProgram? = nil, _ script: (ScriptedServer) -> Void
    ) -> Client {
        let server = ScriptedServer(on: loop)
        script(server)
        let client = program.map { Client($0, on: loop) } ?? Client("make", on: loop)
        client.visit(server)
        return client
    }

    /// Lets the loop run until the connection has ended or failed.
    ///
    /// - Parameter limit: of the loop's time, after which the test fails.
    func finish(within limit: Duration = .seconds(30), _ location: SourceLocation = #_sourceLocation) {
        let guardian = loop.timer(after: limit) { [unowned self] in
            Issue.record(
                "nothing happens any more after \(events), \(output.count) bytes", sourceLocation: location)
            loop.stop()
        }
        if ending == nil, error == nil { loop.run() }
        guardian.cancel()
        if reads {
            drain(1)
            drain(2)
        }
    }
}
