import BuildAPI
import CLinux
import EventLoop
import FoundationEssentials
import Glibc
import Policy
import SSHClient

/// The way in of `proxy`: the person's own client speaks to the builder's SSH server, and we carry its bytes.
///
/// The builder lets the person's key in as long as their claim stands: the service has seen to that, or else we do before
/// the first byte is carried.
final class ProxiedConnection: WayIn {
    var onEvent: (VisitMachine.Event) -> Void = { _ in }
    private let session: GatewaySession
    private let permit: Permit
    private var builder: Job.Builder?
    private var connection: DirectConnection?
    private var admission: KeyAdmission?
    private var notices: TimedNotices?
    private var lastWords: Timer?

    init(_ permit: Permit, in session: GatewaySession) {
        self.permit = permit
        self.session = session
    }

    let kind = Claim.Kind.proxy
    let tellsOfJob = true
    let isOftenShort = true

    func reach(_ builder: Job.Builder) {
        connection?.close()
        self.builder = builder
        connection = DirectConnection(to: BuilderAddress(builder), on: session.loop) { [unowned self] event in
            switch event {
            case .connected: onEvent(.reached)
            case .builderEnded: endOutput()
            case .ended: onEvent(.ended(.exited(status: 0)))
            case .failed(let error):
                lastWords?.cancel()
                onEvent(.connectionFailed(error))
            }
        }
        connection?.start()
    }

    func open(with claim: Claim) {
        guard claim.keyAdmitted != true, let builder else { return onEvent(.opened) }
        admission = KeyAdmission(of: session.key, to: builder, of: permit.job.id, in: session) {
            [unowned self] error in
            onEvent(error.map { .connectionFailed($0) } ?? .opened)
        }
        admission?.start()
    }

    func run() {
        // All others on the way encrypt. Each time that we interrupted one of them, for a moment's work, would cost more
        // than that work.
        sp_interrupt_nobody()
        connection?.carry(from: STDIN_FILENO, to: STDOUT_FILENO)
        onEvent(.started)
    }

    /// Whoever knows why the builder has ended has a moment to say so: afterwards nobody listens any more. sshd passes an end
    /// of file on when it has come from standard output and from standard error.
    private func endOutput() {
        lastWords = session.loop.timer(after: .milliseconds(300)) { [session] in
            session.output.end()
            session.errors.end()
        }
    }

    /// Others are not announced: nobody reads what an editor shows of its ssh.
    func enter(_ job: Job) {
        notices = TimedNotices(
            Notices(
                job, for: permit.person, session: session.journal.session,
                extending: session.commandLine("extend \(job.id)"), tellsOfVisitors: false, at: .now),
            in: session)
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
