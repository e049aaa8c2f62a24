public import EventLoop
import Glibc

/// One nested SSH connection: from a TCP connection to the end of one remote program.
///
///     start() … .verified … authenticate() … .authenticated … run() … .started … .ended
///
/// Everything happens on the loop and nothing waits. The handler may call anything, `close()` included.
public final class BuilderConnection {
    public enum Event {
        /// The builder has shown a pinned host key. Nothing about us has been sent; `authenticate()` goes on.
        case verified
        /// We are in; `run()` goes on.
        case authenticated
        /// The remote program runs.
        case started
        /// The remote program has ended and all its bytes have been written.
        case ended(RemoteEnding)
        /// There is no connection, or none any more.
        case failed(SSHClientError)
    }

    private enum Phase: Equatable {
        case idle, connecting, exchangingKeys, verified, authenticating, authenticated, opening,
            requestingTerminal
        case settingEnvironment(Int)
        case starting, running, closed
    }

    /// From the start to `.authenticated`, and again from `run()` to `.started`.
    private static let setUpTime = Duration.seconds(30)
    private static let keepaliveInterval = Duration.seconds(5)
    /// Keepalives without a byte from the builder after which it is gone.
    private static let keepalivesWithoutAnswer = 3

    private let builder: BuilderAddress
    private let credentials: BuilderCredentials
    /// Methods that the builder has refused.
    private var refusedMethods = 0
    private let acceptsUnknownKey: ((String) -> Bool)?
    private let loop: EventLoop
    private let handler: (Event) -> Void
    private var phase = Phase.idle
    private var socket: Socket?
    /// The socket's, for as long as there is one.
    private var descriptor: CInt = -1
    private var session: SSHSession?
    private var channel: SSHChannel?
    private var watch: Watch?
    private var deadline: Timer?
    private var keepalive: Timer?
    private var silentKeepalives = 0
    private var bytesSeen: UInt64 = 0
    private var program = RemoteProgram(terminal: nil, environment: [], command: nil)
    /// Came while a request was pending, when libssh would lose it.
    private var pendingSize: TerminalSize?
    private var pump: Pump?
    private var agent: AgentForwarding?

    /// - Parameter acceptsUnknownKey: whether to go on with the key (`<type> <base64>`) of a builder for which no host
    ///   key is known; nil: never. Where one is known nobody is asked.
    public init(
        to builder: BuilderAddress, credentials: consuming BuilderCredentials,
        acceptsUnknownKey: ((String) -> Bool)? = nil, on loop: EventLoop,
        _ handler: @escaping (Event) -> Void
    ) {
        self.builder = builder
        self.credentials = credentials
        self.acceptsUnknownKey = acceptsUnknownKey
        self.loop = loop
        self.handler = handler
    }

    deinit {
        close()
    }

    /// Connects and exchanges keys.
    public func start() {
        precondition(phase == .idle)
        do {
            let socket = try Socket.connecting(to: builder.address, port: builder.port)
            descriptor = socket.descriptor
            watch = loop.watch(descriptor, for: .writable) { [unowned self] in handle($0) }
            self.socket = consume socket
            phase = .connecting
            limitTime()
        } catch {
            loop.timer(after: .zero) { [weak self] in self?.fail(error) }
        }
    }

    /// After `.verified`: proves to the builder who we are.
    public func authenticate() {
        precondition(phase == .verified)
        phase = .authenticating
        advance()
    }

    /// After `.authenticated`: starts the program and carries its bytes.
    public func run(_ program: RemoteProgram, streams: PumpStreams) {
        precondition(phase == .authenticated)
        self.program = program
        limitTime()
        do {
            channel = try SSHChannel.make(in: session!)
            pump = Pump(streams, on: loop) { [unowned self] in serve() }
            agent = program.agentSocket.map { socket in
                AgentForwarding(to: socket, in: session!, on: loop) { [unowned self] in serve() }
            }
            phase = .opening
            advance()
        } catch {
            fail(error)
        }
    }

    /// The client's window has changed. Before the program runs the size is remembered.
    public func resize(_ size: TerminalSize) {
        guard phase == .running else {
            pendingSize = size
            return
        }
        channel?.changeTerminalSize(size)
        updateWatch()
    }

    /// Ends the connection at once; no event comes after it. Closing twice is no error.
    public func close() {
        guard phase != .closed else { return }
        phase = .closed
        watch?.cancel()
        deadline?.cancel()
        keepalive?.cancel()
        pump?.stop()
        pump = nil
        agent?.stop()
        channel = nil
        // libssh closes a broken socket itself; the number may be somebody else's by now.
        if session?.abandonSocket() == false { socket.take()?.forget() }
        session = nil
        agent = nil
        socket = nil
    }

    // MARK: Set-up

    private func handle(_ events: Watch.Events) {
        switch phase {
        case .connecting: finishConnecting()
        case .running: serve()
        default:
            socket?.acknowledgeAtOnce()
            advance()
        }
    }

    private func finishConnecting() {
        guard let error = socket?.connectionError() else { return }
        guard error == 0 else {
            fail(SSHClientError(.unreachable, "connect: \(String(cString: strerror(error)))"))
            return
        }
        do {
            session = try SSHSession.make(descriptor: descriptor, to: builder)
            phase = .exchangingKeys
            advance()
        } catch {
            fail(error)
        }
    }

    /// Takes as many steps as are possible without waiting.
    private func advance() {
        while let step = takeStep() {
            switch step {
            case .done: continue
            case .again:
                updateWatch()
                return
            case .failed:
                fail(setUpError())
                return
            }
        }
    }

    /// One step of the set-up; nil when there is nothing to do until somebody calls.
    private func takeStep() -> Step? {
        switch phase {
        case .exchangingKeys:
            return then(session!.connect()) { exchanged() }
        case .authenticating:
            return authenticateOnce()
        case .opening:
            return then(channel!.open()) {
                if agent != nil { channel!.requestAgent() }
                phase = .requestingTerminal
            }
        case .requestingTerminal:
            guard let terminal = program.terminal else {
                phase = .settingEnvironment(0)
                return .done
            }
            return then(channel!.requestTerminal(terminal)) { phase = .settingEnvironment(0) }
        case .settingEnvironment(let index):
            guard index < program.environment.count else {
                phase = .starting
                return .done
            }
            let variable = program.environment[index]
            let step = channel!.setEnvironment(variable.name, variable.value)
            if case .again = step { return step }
            // A builder that accepts no such variable is none the worse.
            phase = .settingEnvironment(index + 1)
            return .done
        case .starting:
            let step =
                if let command = program.command { channel!.start(command: command) } else {
                    channel!.startShell()
                }
            return then(step) { started() }
        case .idle, .connecting, .verified, .authenticated, .running, .closed:
            updateWatch()
            return nil
        }
    }

    /// One attempt with the next method that has not been refused.
    private func authenticateOnce() -> Step {
        guard let method = credentials.method(after: refusedMethods) else { return .failed }
        switch session!.authenticate(with: method, credentials) {
        case .again: return .again
        case .refused:
            refusedMethods += 1
            return credentials.method(after: refusedMethods) == nil ? .failed : .done
        case .failed: return .failed
        case .done:
            phase = .authenticated
            deadline?.cancel()
            handler(.authenticated)
            return .done
        }
    }

    private func then(_ step: Step, _ next: () -> Void) -> Step {
        if case .done = step { next() }
        return step
    }

    private func exchanged() {
        socket!.makeNonBlocking()
        guard isExpectedMachine() else {
            fail(
                SSHClientError(
                    .hostKeyMismatch, "none of the \(builder.hostKeys.count) pinned host keys was shown"))
            return
        }
        phase = .verified
        handler(.verified)
    }

    private func isExpectedMachine() -> Bool {
        if builder.hostKeys.isEmpty, let acceptsUnknownKey {
            return session!.shownKey().map(acceptsUnknownKey) ?? false
        }
        return session!.showsKey(among: builder.hostKeys)
    }

    private func started() {
        phase = .running
        deadline?.cancel()
        if let size = pendingSize, size != program.terminal?.size { channel!.changeTerminalSize(size) }
        pump!.start()
        keepAlive()
        handler(.started)
        if phase == .running { serve() }
    }

    private func setUpError() -> SSHClientError {
        let detail = "\(phase): \(session?.lastError() ?? "no session")"
        return switch phase {
        case .authenticating where session?.isConnected() == true:
            SSHClientError(.authenticationFailed, detail)
        case .opening, .requestingTerminal, .starting:
            SSHClientError(session?.isConnected() == true ? .refused : .lost, detail)
        // With the types of the pinned keys only on offer, a builder with other keys has none in common with us.
        case .exchangingKeys where detail.contains("kex error : no match for method server host key"):
            SSHClientError(.hostKeyMismatch, detail)
        default: SSHClientError(.lost, detail)
        }
    }

    private func limitTime() {
        deadline?.cancel()
        deadline = loop.timer(after: Self.setUpTime) { [unowned self] in
            fail(SSHClientError(.timedOut, "in phase \(phase)"))
        }
    }

    private func fail(_ error: SSHClientError) {
        guard phase != .closed else { return }
        close()
        handler(.failed(error))
    }

    // MARK: The program runs

    private func serve() {
        guard phase == .running, let pump else { return }
        session!.process()
        let state = pump.move(channel!, socket: socket!, session: session!, agent: agent)
        switch state {
        case .moving: updateWatch()
        case .ended:
            let fate = channel!.currentFate()
            if fate.ending == .unknown, !fate.isClosed {
                fail(SSHClientError(.lost, "the channel ended without a word: \(session!.lastError())"))
            } else {
                close()
                handler(.ended(fate.ending))
            }
        }
    }

    private func keepAlive() {
        keepalive = loop.timer(after: Self.keepaliveInterval) { [unowned self] in
            guard phase == .running else { return }
            let received = session!.bytesReceived()
            silentKeepalives = received == bytesSeen ? silentKeepalives + 1 : 0
            bytesSeen = received
            guard silentKeepalives < Self.keepalivesWithoutAnswer else {
                fail(SSHClientError(.lost, "nothing heard for 15 s"))
                return
            }
            session!.sendKeepalive()
            updateWatch()
            keepAlive()
        }
    }

    private func updateWatch() {
        guard phase != .connecting, phase != .closed, let watch else { return }
        watch.events = session?.hasPendingOutput() == true ? [.readable, .writable] : .readable
    }
}
