import AuthorizedKeys
import BuildAPI
import CLinux
import EventLoop
import Glibc
import SSHClient

/// Lets the person's key into a builder, where the build service does not do that: as long as a connection of the gateway's
/// own stands, which has proved the builder's host key first.
///
/// What runs there takes the key out again when the connection ends, however that comes about, unless another session has
/// let the same key in.
final class KeyAdmission {
    private let key: PublicKey
    private let job: JobID
    private let builder: Job.Builder
    private let context: SessionContext
    private let answer: (SSHClientError?) -> Void
    private var connection: BuilderConnection?
    private var input: Pipe?
    private var output: Pipe?
    private var watch: Watch?
    private var deadline: Timer?
    private var isAnswered = false
    /// What the builder has said so far: `in`, between whatever its shell says at its start, or why not.
    private var said: [UInt8] = []

    /// Clients wait for 15 seconds, the login on the gateway included.
    private static let timeout = Duration.seconds(10)
    /// Bytes of what the builder says that are looked at.
    private static let limit = 4096

    /// - Parameter answer: called once; nil: the key opens the builder.
    init(
        of key: PublicKey, to builder: Job.Builder, of job: JobID, in context: SessionContext,
        _ answer: @escaping (SSHClientError?) -> Void
    ) {
        self.key = key
        self.job = job
        self.builder = builder
        self.context = context
        self.answer = answer
    }

    func start() {
        deadline = context.loop.timer(after: Self.timeout) { [unowned self] in
            finish(SSHClientError(.timedOut, "letting the person's key in\(whatItSays)"))
        }
        do throws(SSHClientError) {
            connection = BuilderConnection(
                to: BuilderAddress(builder), credentials: try context.builderCredentials(),
                acceptsUnknownKey: context.acceptsUnknownKey(of: job), on: context.loop
            ) { [unowned self] event in
                switch event {
                case .hostKeyVerified: connection?.authenticate()
                case .authenticated: run()
                case .started: break
                case .ended:
                    listen()
                    finish(
                        SSHClientError(.refused, "the builder does not take the person's key\(whatItSays)"))
                case .failed(let error): finish(error)
                }
            }
            connection?.start()
        } catch {
            context.loop.timer(after: .zero) { [unowned self] in finish(error) }
        }
    }

    /// Takes the key out again.
    func end() {
        isAnswered = true
        deadline?.cancel()
        watch?.cancel()
        connection?.close()
    }

    private func run() {
        guard let input = Pipe(), let output = Pipe() else {
            return finish(SSHClientError(.lost, "pipe: \(String(cString: strerror(errno)))"))
        }
        self.input = input
        self.output = output
        watch = context.loop.watch(output.readEnd, for: .readable) { [unowned self] _ in listen() }
        // What a builder says to the gateway is not for the person's terminal.
        let sink = OutputSink(output.writeEnd, on: context.loop)
        connection?.run(
            RemoteProgram(terminal: nil, environment: [], command: Array(Self.command(for: key).utf8)),
            streams: PumpStreams(input: input.readEnd, output: sink, errors: sink))
    }

    private func listen() {
        guard !isAnswered, let output else { return }
        let piece = [UInt8](unsafeUninitializedCapacity: Self.limit) { buffer, count in
            count = max(0, read(output.readEnd, buffer.baseAddress, buffer.count))
        }
        said += piece.prefix(Self.limit - said.count)
        // The last one may not be whole.
        let lines = said.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast()
        if lines.contains(where: { $0.elementsEqual("in".utf8) }) { finish(nil) }
    }

    private var whatItSays: String {
        said.isEmpty ? "" : ": \(String(decoding: said, as: UTF8.self).prefix(200))"
    }

    /// From the moment that the key is in, the person's own client notices what becomes of the builder.
    private func finish(_ error: SSHClientError?) {
        guard !isAnswered else { return }
        isAnswered = true
        deadline?.cancel()
        watch?.cancel()
        answer(error)
    }

    /// For whatever login shell the builder's user has: `sh` does it. One entry for the key, with the word `sallyport`
    /// behind it; a file for each session that needs it, named after its process. It says `in` when both are there, and
    /// waits for our end.
    static func command(for key: PublicKey) -> String {
        """
        exec sh -c '
        umask 077
        entry="\(key.line) sallyport"
        cd && mkdir -p .ssh/sallyport && cd .ssh || exit
        sessions=sallyport/\(key.fingerprint.filter { $0.isLetter || $0.isNumber })
        alone() {
            for attempt in 1 2 3 4 5 6 7 8 9; do
                ln -s $$ sallyport/lock && break
                holder=$(readlink sallyport/lock) && ! kill -0 "$holder" && rm -f sallyport/lock
                sleep 0.$attempt
            done 2>/dev/null
            [ "$(readlink sallyport/lock)" = $$ ] || return
            "$@"
            outcome=$?
            rm -f sallyport/lock
            return $outcome
        }
        enter() {
            mkdir -p "$sessions" && : >"$sessions/$$" || return
            grep -qxF "$entry" authorized_keys 2>/dev/null && return
            [ -z "$(tail -c 1 authorized_keys 2>/dev/null)" ] || echo >>authorized_keys
            echo "$entry" >>authorized_keys
        }
        leave() {
            rm -f "$sessions/$$"
            for session in $(ls "$sessions"); do
                kill -0 "$session" || rm -f "$sessions/$session"
            done 2>/dev/null
            rmdir "$sessions" 2>/dev/null || return
            grep -vxF "$entry" authorized_keys >sallyport/keys
            [ $? -le 1 ] && mv sallyport/keys authorized_keys
            rm -f sallyport/keys
        }
        trap "" HUP PIPE
        alone enter && grep -qxF "$entry" authorized_keys || { alone leave; exit 1; }
        echo in
        cat >/dev/null
        alone leave
        '
        """
    }
}

/// A pipe; both ends are closed with it.
private final class Pipe {
    let readEnd: CInt
    let writeEnd: CInt

    /// Nil when there is none, and errno says why.
    init?() {
        var ends: [CInt] = [-1, -1]
        guard sp_pipe(&ends) == 0 else { return nil }
        (readEnd, writeEnd) = (ends[0], ends[1])
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }
}
