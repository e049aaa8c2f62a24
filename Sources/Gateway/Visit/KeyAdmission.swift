import AuthorizedKeys
import BuildService
import CLinux
import EventLoop
import Glibc
import NestedSSH
import Requests

/// Lets the person's key into a builder, where the build service does not do that: as long as a connection of the gateway's
/// own stands, which has proved the builder's host key first.
///
/// What runs there takes the key out again when the connection ends, however that comes about, unless another session has
/// let the same key in.
final class KeyAdmission {
    private let key: PublicKey
    private let job: JobID
    private let builder: Job.Builder
    private let session: GatewaySession
    private let answer: (NestedSSHError?) -> Void
    private var connection: BuilderConnection?
    private var input: Pipe?
    private var output: Pipe?
    private var watch: Watch?
    private var isAnswered = false

    /// - Parameter answer: called once; nil: the key opens the builder.
    init(
        of key: PublicKey, to builder: Job.Builder, of job: JobID, in session: GatewaySession,
        _ answer: @escaping (NestedSSHError?) -> Void
    ) {
        self.key = key
        self.job = job
        self.builder = builder
        self.session = session
        self.answer = answer
    }

    func start() {
        do throws(NestedSSHError) {
            connection = BuilderConnection(
                to: BuilderAddress(builder), credentials: try session.builderCredentials(),
                acceptsUnknownKey: session.acceptsUnknownKey(of: job), on: session.loop
            ) { [unowned self] event in
                switch event {
                case .verified: connection?.authenticate()
                case .authenticated: run()
                case .started: break
                case .ended: fail(NestedSSHError(.refused, "the builder does not take the person's key"))
                case .failed(let error): fail(error)
                }
            }
            connection?.start()
        } catch {
            session.loop.timer(after: .zero) { [unowned self] in fail(error) }
        }
    }

    /// Takes the key out again.
    func end() {
        isAnswered = true
        watch?.cancel()
        connection?.close()
    }

    private func run() {
        guard let input = Pipe(), let output = Pipe() else {
            return fail(NestedSSHError(.lost, "pipe: \(String(cString: strerror(errno)))"))
        }
        self.input = input
        self.output = output
        watch = session.loop.watch(output.readEnd, for: .readable) { [unowned self] _ in
            watch?.cancel()
            finish(nil)
        }
        connection?.run(
            RemoteProgram(terminal: nil, environment: [], command: Array(Self.command(for: key).utf8)),
            streams: PumpStreams(
                input: input.readEnd, output: OutputSink(output.writeEnd, on: session.loop),
                errors: session.errors))
    }

    private func fail(_ error: NestedSSHError) {
        finish(error)
    }

    private func finish(_ error: NestedSSHError?) {
        guard !isAnswered else { return }
        isAnswered = true
        answer(error)
    }

    /// For whatever login shell the builder's user has: `sh` does it. One entry for the key, with the word `sallyport`
    /// behind it; a file for each session that needs it, named after its process. It says `in` when the key is in, and waits for our end.
    static func command(for key: PublicKey) -> String {
        """
        exec sh -c '
        umask 077
        entry="\(key.line) sallyport"
        cd && mkdir -p .ssh && cd .ssh || exit
        sessions=sallyport/\(key.fingerprint.filter { $0.isLetter || $0.isNumber })
        alone() {
            until ln -s $$ sallyport/lock; do
                kill -0 "$(readlink sallyport/lock)" || rm -f sallyport/lock
                sleep 0.1
            done 2>/dev/null
            "$@"
            rm -f sallyport/lock
        }
        enter() {
            mkdir -p "$sessions" && : >"$sessions/$$" || return
            grep -qxF "$entry" authorized_keys 2>/dev/null || echo "$entry" >>authorized_keys
        }
        leave() {
            rm -f "$sessions/$$"
            for session in $(ls "$sessions"); do
                kill -0 "$session" || rm -f "$sessions/$session"
            done 2>/dev/null
            rmdir "$sessions" 2>/dev/null || return
            grep -vxF "$entry" authorized_keys >sallyport/keys
            cat sallyport/keys >authorized_keys
            rm -f sallyport/keys
        }
        trap "" HUP PIPE
        mkdir -p sallyport
        alone enter
        grep -qxF "$entry" authorized_keys || exit
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
