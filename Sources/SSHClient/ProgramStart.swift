/// A program that is being started: opens its channel and makes its requests, one after the other, because libssh
/// can have only one pending (RFC 4254 sections 5.1 and 6).
struct ProgramStart {
    private enum Request {
        case channel, packetSize, agent
        case terminal(Terminal)
        case modes([String])
        case environment(name: String, value: String)
        case shell
        case command([UInt8])
    }

    enum Progress {
        /// There can be more to do at once.
        case advanced
        /// Call again when the socket is readable, or can take more.
        case again
        case started
        case failed(SSHClientError)
    }

    let channel: SSHChannel
    let streams: PumpStreams
    let agent: AgentForwarding?
    /// The window size that the builder has been asked for, or will be.
    private let requestedSize: TerminalSize?
    private var size: TerminalSize?
    private var requests: ArraySlice<Request>
    /// Whether the builder sets the terminal's modes, and says when it has.
    private(set) var announcesReady = false

    init(_ program: RemoteProgram, on channel: SSHChannel, streams: PumpStreams, agent: AgentForwarding?) {
        self.channel = channel
        self.streams = streams
        self.agent = agent
        requestedSize = program.terminal?.size
        size = program.terminal?.size
        var requests: [Request] = [.channel, .packetSize]
        if agent != nil { requests.append(.agent) }
        if let terminal = program.terminal {
            requests.append(.terminal(terminal))
            if !terminal.modes.isEmpty { requests.append(.modes(terminal.modes)) }
        }
        requests += program.environment.map { .environment(name: $0.name, value: $0.value) }
        requests.append(program.command.map { .command($0) } ?? .shell)
        self.requests = requests[...]
    }

    /// The size of the client's window has changed; the builder is told when the program is running.
    mutating func resize(_ size: TerminalSize) {
        self.size = size
    }

    /// The window's size, if it is not the requested one.
    var newSize: TerminalSize? {
        size == requestedSize ? nil : size
    }

    /// One attempt at the next request.
    mutating func advance() -> Progress {
        guard let request = requests.first else { return .started }
        switch perform(request) {
        case .again: return .again
        case .failed: return .failed(failure(of: request))
        case .done:
            requests.removeFirst()
            return requests.isEmpty ? .started : .advanced
        }
    }

    private mutating func perform(_ request: Request) -> Step {
        switch request {
        case .channel: return channel.open()
        // No request: the answer arrived with the channel.
        case .packetSize: return channel.maximumPacket < SSHChannel.leastPacket ? .failed : .done
        case .agent:
            channel.requestAgent()
            return .done
        case .terminal(let terminal): return channel.requestTerminal(terminal)
        case .modes(let words):
            switch channel.setEnvironment(Terminal.modesVariable, words.joined(separator: " ")) {
            case .again: return .again
            case .done: announcesReady = true
            case .failed: break
            }
            return .done
        case .environment(let name, let value):
            // A builder that does not accept this variable works all the same.
            if case .again = channel.setEnvironment(name, value) { return .again }
            return .done
        case .shell: return channel.startShell()
        case .command(let command): return channel.start(command: command)
        }
    }

    private func failure(of request: Request) -> SSHClientError {
        let session = channel.session
        let what =
            switch request {
            case .channel: "opening a channel"
            case .packetSize: "the builder takes \(channel.maximumPacket) bytes at once"
            case .agent: "offering the agent"
            case .terminal: "asking for a terminal"
            case .environment, .modes: "setting the environment"
            case .shell: "starting a shell"
            case .command: "starting a command"
            }
        guard session.isConnected(), !session.isStuck else {
            return SSHClientError(.lost, "\(what): \(session.lastError())")
        }
        var code = SSHClientError.Code.refused
        if case .terminal = request { code = .noTerminal }
        return SSHClientError(code, "\(what): \(session.lastError())")
    }
}
