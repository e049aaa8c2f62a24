public import EventLoop
import Glibc

/// One SSH connection to a builder: from a connected socket to the end of one remote program.
///
///     start() … .hostKeyVerified … authenticate() … .authenticated … run() … .started … .ended
///
/// Everything happens on the loop and nothing waits. The handler can call anything, including `close()`.
public final class BuilderConnection {
    public enum Event {
        /// The builder has shown a pinned host key. Nothing about us has been sent; call `authenticate()`.
        case hostKeyVerified
        /// The builder has accepted us; call `run()`.
        case authenticated
        /// The remote program is running.
        case started
        /// The remote program has ended and all its bytes have been written.
        case ended(RemoteEnding)
        /// The connection failed, or was lost.
        case failed(SSHClientError)
    }

    /// What exists in each state, and how long the state can last. Whatever leaving a state frees also ends: timers are
    /// cancelled, and a session disconnects with its last channel.
    private enum State: CustomStringConvertible {
        case idle
        case connecting(EndpointOpening, Deadline)
        case exchangingKeys(SSHSession, Deadline)
        case hostKeyVerified(SSHSession, Deadline)
        case authenticating(SSHSession, ArraySlice<BuilderCredentials.Method>, Deadline)
        case authenticated(SSHSession)
        case starting(ProgramStart, Deadline)
        case running(RunningProgram)
        case closed

        /// For the log.
        var description: String {
            switch self {
            case .idle: "idle"
            case .connecting: "connecting"
            case .exchangingKeys: "exchanging keys"
            case .hostKeyVerified: "waiting to authenticate"
            case .authenticating: "authenticating"
            case .authenticated: "waiting for a program"
            case .starting: "starting the program"
            case .running: "the program runs"
            case .closed: "closed"
            }
        }
    }

    /// From the start to `.authenticated`, and again from `run()` to `.started`.
    static let setUpTime = Duration.seconds(30)

    private let builder: BuilderAddress
    private let hostKeyCheck: HostKeyCheck
    private let credentials: BuilderCredentials
    private let loop: EventLoop
    private let handler: (Event) -> Void
    private var state = State.idle
    /// The builder's host key, `<type> <base64>`, once it has been verified.
    public private(set) var hostKey: String?

    /// - Parameter acceptsUnknownKey: whether to accept the key (`<type> <base64>`) of a builder for which no host key is
    ///   known; nil: never. It is not called if one is known.
    public init(
        to builder: BuilderAddress, credentials: consuming BuilderCredentials,
        acceptsUnknownKey: ((String) -> Bool)? = nil, on loop: EventLoop,
        _ handler: @escaping (Event) -> Void
    ) {
        self.builder = builder
        self.credentials = credentials
        hostKeyCheck = HostKeyCheck(pins: builder.hostKeys, acceptsUnknownKey: acceptsUnknownKey)
        self.loop = loop
        self.handler = handler
    }

    deinit {
        close()
    }

    /// Connects and exchanges keys.
    public func start() {
        guard case .idle = state else { preconditionFailure("started when \(state)") }
        let opening = EndpointOpening(of: builder.endpoint, greeting: builder.greeting, on: loop) {
            [unowned self] in opened($0)
        }
        state = .connecting(opening, limitTime())
    }

    /// After `.hostKeyVerified`: authenticates us to the builder.
    public func authenticate() {
        guard case .hostKeyVerified(let session, let deadline) = state else {
            preconditionFailure("authenticated when \(state)")
        }
        state = .authenticating(session, credentials.methods[...], deadline)
        advance()
    }

    /// After `.authenticated`: starts the program and carries its bytes.
    public func run(_ program: RemoteProgram, streams: PumpStreams) {
        guard case .authenticated(let session) = state else { preconditionFailure("run when \(state)") }
        do throws(SSHClientError) {
            let channel = try SSHChannel(in: session)
            let agent = program.agentSocket.map { socket in
                AgentForwarding(to: socket, in: session, on: loop) { [unowned self] in serve() }
            }
            state = .starting(
                ProgramStart(program, on: channel, streams: streams, agent: agent), limitTime())
            advance()
        } catch {
            fail(error)
        }
    }

    /// The size of the client's window has changed. Does nothing before `run()`, because the program's terminal has
    /// its own size.
    public func resize(_ size: TerminalSize) {
        switch state {
        case .starting(var start, let deadline):
            start.resize(size)
            state = .starting(start, deadline)
        case .running(let program): program.resize(size)
        case .idle, .connecting, .exchangingKeys, .hostKeyVerified, .authenticating, .authenticated, .closed:
            break
        }
    }

    /// Ends the connection at once, or after the handler that calls this has returned; no event comes after it.
    /// Closing twice is not an error.
    public func close() {
        if case .running(let program) = state { program.stop() }
        state = .closed
    }

    private func fail(_ error: SSHClientError) {
        if case .closed = state { return }
        close()
        handler(.failed(error))
    }

    private func limitTime() -> Deadline {
        Deadline(after: Self.setUpTime, on: loop) { [unowned self] in
            fail(SSHClientError(.timedOut, "when \(state)"))
        }
    }

    // MARK: Set-up

    private func socketIsReady() {
        switch state {
        case .exchangingKeys(let session, _), .authenticating(let session, _, _):
            session.socket.acknowledgeAtOnce()
            if !endsForExcess(session) { advance() }
        case .hostKeyVerified(let session, _), .authenticated(let session): idle(session)
        case .starting(let start, _):
            start.channel.session.socket.acknowledgeAtOnce()
            if !endsForExcess(start.channel.session) { advance() }
        case .running: serve()
        case .idle, .connecting, .closed: break
        }
    }

    /// A builder that floods the session, or sends more of a program's bytes than it may before the program runs: whatever
    /// it sends then is only kept.
    private func endsForExcess(_ session: SSHSession) -> Bool {
        let overrun = SSHClientError(.overrun, "more than its windows when \(state)")
        guard let error = session.log.hasOverrun ? overrun : session.traffic.excess(at: loop.now) else {
            return false
        }
        fail(error)
        return true
    }

    private func opened(_ result: Result<CInt, SSHClientError>) {
        guard case .connecting(let opening, let deadline) = state else { return }
        do throws(SSHClientError) {
            let socket = Socket(takingOwnershipOf: try result.get(), over: opening.bridge, on: loop) {
                [unowned self] in
                socketIsReady()
            }
            let session = try SSHSession(
                over: socket, user: builder.user, hostKeyTypes: hostKeyCheck.types)
            state = .exchangingKeys(session, deadline)
            advance()
        } catch {
            fail(error)
        }
    }

    /// Nothing is expected while it is our turn, but incoming packets must be processed, and a builder can disconnect.
    private func idle(_ session: SSHSession) {
        session.process()
        guard !endsForExcess(session) else { return }
        wait(for: session)
    }

    /// Until there is more to do. libssh answers “again” even when it has just noticed that the connection is lost.
    private func wait(for session: SSHSession) {
        if session.isStuck || !session.isConnected() {
            fail(SSHClientError(.lost, "when \(state): \(session.lastError())"))
        } else {
            session.awaitSocket()
        }
    }

    /// Takes as many steps as are possible without waiting.
    private func advance() {
        while takeStep() {}
    }

    /// One step of the set-up; false when there is nothing to do before the next packet or call.
    private func takeStep() -> Bool {
        switch state {
        case .exchangingKeys(let session, let deadline): exchangeKeys(session, deadline)
        case .authenticating(let session, let methods, let deadline):
            authenticate(session, with: methods, deadline)
        case .starting(let start, let deadline): advance(start, deadline)
        case .idle, .connecting, .hostKeyVerified, .authenticated, .running, .closed: false
        }
    }

    private func exchangeKeys(_ session: SSHSession, _ deadline: Deadline) -> Bool {
        switch session.connect() {
        case .again:
            wait(for: session)
            return false
        case .failed: fail(hostKeyCheck.failure(of: session))
        case .done:
            session.socket.makeNonBlocking()
            do throws(SSHClientError) {
                try hostKeyCheck.judge(session)
                hostKey = HostKeyCheck.key(shownIn: session)
                state = .hostKeyVerified(session, deadline)
                session.awaitSocket()
                handler(.hostKeyVerified)
            } catch {
                fail(error)
            }
        }
        return true
    }

    /// One attempt with the first of the methods.
    private func authenticate(
        _ session: SSHSession, with methods: ArraySlice<BuilderCredentials.Method>, _ deadline: Deadline
    ) -> Bool {
        guard let method = methods.first else {
            let code: SSHClientError.Code = session.isConnected() ? .authenticationFailed : .lost
            fail(SSHClientError(code, "authenticating: \(session.lastError())"))
            return false
        }
        switch session.authenticate(with: method) {
        case .again:
            wait(for: session)
            return false
        case .refused: state = .authenticating(session, methods.dropFirst(), deadline)
        case .failed: state = .authenticating(session, [], deadline)
        case .done:
            state = .authenticated(session)
            session.awaitSocket()
            handler(.authenticated)
        }
        return true
    }

    private func advance(_ start: ProgramStart, _ deadline: Deadline) -> Bool {
        var start = start
        let progress = start.advance()
        state = .starting(start, deadline)
        switch progress {
        case .advanced: return true
        case .again: wait(for: start.channel.session)
        case .failed(let error): fail(error)
        case .started:
            state = .running(
                RunningProgram(start, on: loop) {
                    [unowned self] in
                    serve()
                } silent: { [unowned self] in
                    fail(SSHClientError(.lost, "nothing heard for \($0)"))
                })
            handler(.started)
            serve()
        }
        return false
    }

    // MARK: The program runs

    private func serve() {
        switch move() {
        case .running: break
        case .ended(let ending):
            close()
            handler(.ended(ending))
        case .lost(let error): fail(error)
        }
    }

    /// Not part of `serve()`, so that nothing refers to the session when the handler is told of its end.
    private func move() -> RunningProgram.State {
        guard case .running(let program) = state else { return .running }
        return program.move()
    }
}
