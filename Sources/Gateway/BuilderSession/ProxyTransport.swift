import BuildAPI
import CLinux
import EventLoop
import FoundationEssentials
import Glibc
import Policy
import SSHClient

/// The transport of `proxy`: the person's own client speaks to the builder's SSH server, and we carry its bytes.
///
/// The builder lets the person's key in as long as their claim stands: the service has seen to that, or else we do before
/// the first byte is carried.
final class ProxyTransport: BuilderTransport {
    var onEvent: (BuilderSessionMachine.Event) -> Void = { _ in }
    private let context: SessionContext
    private let permit: Permit
    private var builder: Job.Builder?
    private var connection: DirectConnection?
    private var admission: KeyAdmission?
    private var notices: TimedNotices?
    private var lastWords: Timer?

    init(_ permit: Permit, in context: SessionContext) {
        self.permit = permit
        self.context = context
    }

    let kind = Claim.Kind.proxy
    let tellsOfJob = true
    let isOftenShort = true

    func connect(to builder: Job.Builder) {
        connection?.close()
        self.builder = builder
        connection = DirectConnection(to: BuilderAddress(builder), on: context.loop) { [unowned self] event in
            switch event {
            case .connected: onEvent(.connected)
            case .builderEnded: endOutput()
            case .ended: onEvent(.ended(.exited(status: 0)))
            case .failed(let error):
                lastWords?.cancel()
                onEvent(.connectionFailed(error))
            }
        }
        connection?.start()
    }

    func authenticate(with claim: Claim) {
        guard claim.keyAdmitted != true, let builder else { return onEvent(.authenticated) }
        admission = KeyAdmission(of: context.key, to: builder, of: permit.job.id, in: context) {
            [unowned self] error in
            onEvent(error.map { .connectionFailed($0) } ?? .authenticated)
        }
        admission?.start()
    }

    func start() {
        // All others on the way encrypt. Each time that we interrupted one of them, for a moment's work, would cost more
        // than that work.
        sp_interrupt_nobody()
        connection?.carry(from: STDIN_FILENO, to: STDOUT_FILENO)
        onEvent(.started)
    }

    /// For how long somebody who knows why the builder has ended may say so.
    private static let lastWordsTimeout = Duration.milliseconds(300)

    /// Whoever knows why the builder has ended has a moment to say so: afterwards nobody listens any more. sshd passes an end
    /// of file on when it has come from standard output and from standard error.
    private func endOutput() {
        lastWords = context.loop.timer(after: Self.lastWordsTimeout) { [context] in
            context.output.end()
            context.errors.end()
        }
    }

    /// Others are not announced: nobody reads what an editor shows of its ssh.
    func enter(_ job: Job) {
        notices = TimedNotices(
            Notices(
                job, for: permit.person, session: context.journal.session,
                extending: context.commandLine("extend \(job.id)"), tellsOfVisitors: false, at: .now),
            in: context)
        notices?.tell()
    }

    func update(_ job: Job) { notices?.update(job) }
    func update(deadline: Date?) { notices?.update(deadline: deadline) }
    func windowChanged() {}

    func leave(isCutOff: Bool) {
        connection?.close()
        admission?.end()
        notices?.stop()
        lastWords?.cancel()
    }
}
