import AuthorizedKeys
import BuildAPI
import CLinux
import EventLoop
import Glibc
import SSHClient

/// Adds the person's key to a builder, if the build service does not do that: while a connection of the gateway is
/// open, on which the builder has proved its host key first.
///
/// The script there removes the key when the connection ends, however it ends, unless another session has added the
/// same key.
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
    /// The builder's output so far: `in`, after whatever its shell prints when it starts, or the reason for a failure.
    private var said: [UInt8] = []

    /// Clients wait for 15 seconds, including the login on the gateway.
    private static let timeout = Duration.seconds(10)
    /// The most bytes of the builder's output that are read.
    private static let limit = 4096

    /// - Parameter answer: called once; nil: the builder accepts the key.
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
            finish(SSHClientError(.timedOut, "adding the person's key\(whatItSays)"))
        }
        do throws(SSHClientError) {
            connection = try context.builderConnection(to: builder, of: job) { [unowned self] event in
                switch event {
                case .hostKeyVerified: connection?.authenticate()
                case .authenticated: run()
                case .started: break
                case .ended:
                    listen()
                    finish(
                        SSHClientError(.keyNotAccepted, "the builder refuses the person's key\(whatItSays)"))
                case .failed(let error): finish(error)
                }
            }
            connection?.start()
        } catch {
            context.loop.timer(after: .zero) { [unowned self] in finish(error) }
        }
    }

    /// Removes the key.
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
        // The builder's output to the gateway is not for the person's terminal.
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
        // The last line may be incomplete.
        let lines = said.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast()
        if lines.contains(where: { $0.elementsEqual("in".utf8) }) { finish(nil) }
    }

    private var whatItSays: String {
        said.isEmpty ? "" : ": \(String(decoding: said, as: UTF8.self).prefix(200))"
    }

    /// After the key has been added, the person's own client notices how the builder ends.
    private func finish(_ error: SSHClientError?) {
        guard !isAnswered else { return }
        isAnswered = true
        deadline?.cancel()
        watch?.cancel()
        answer(error)
    }

    /// A security key has been touched at the gateway, or need not be: the builder does not ask.
    ///
    /// Uses `sh`, whatever login shell the builder's user has. One entry for the key, followed by the word
    /// `sallyport`; a file for each session that needs it, named after its process. It prints `in` when both are
    /// there, and waits for the end of its input.
    static func command(for key: PublicKey) -> String {
        """
        exec sh -c '
        umask 077
        entry="\(key.isOfSecurityKey ? "no-touch-required " : "")\(key.line) sallyport"
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

    /// Nil on failure, with the reason in errno.
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
