import Audit
import AuthorizedKeys
import BuildAPI
import CLinux
import EventLoop
import FoundationEssentials
import Glibc
import Policy
import Presentation
import SSHClient

/// The transport of `proxy`: the person's own client speaks to the builder's SSH server, and we carry its bytes.
///
/// The builder accepts the person's key while their claim is live: the service has added the key, or we add it
/// before the first byte is carried.
final class ProxyTransport: BuilderTransport {
    var onEvent: (BuilderSessionMachine.Event) -> Void = { _ in }
    private let context: SessionContext
    private let permit: Permit
    private var builder: Job.Builder?
    private var connection: (any ByteConnection)?
    private var admission: KeyAdmission?
    private var notices: TimedNotices?
    private var lastWords: Timer?

    init(_ permit: Permit, in context: SessionContext) {
        self.permit = permit
        self.context = context
    }

    let kind = Claim.Kind.proxy
    let isOftenShort = true

    func connect(to builder: Job.Builder) {
        connection?.close()
        self.builder = builder
        // A machine that has dialled this gateway starts a session for us, and adds the person's key: after the claim.
        guard permit.job.attached == nil else {
            context.loop.timer(after: .zero) { [weak self] in self?.onEvent(.connected) }
            return
        }
        connection = DirectConnection(to: BuilderAddress(builder), on: context.loop) { [unowned self] event in
            happened(event, connected: .connected)
        }
        connection?.start()
    }

    private func happened(_ event: DirectConnection.Event, connected: BuilderSessionMachine.Event) {
        switch event {
        case .connected: onEvent(connected)
        case .builderEnded: endOutput()
        case .ended: onEvent(.ended(.exited(status: 0)))
        case .failed(let error):
            lastWords?.cancel()
            onEvent(.connectionFailed(error))
        }
    }

    /// The other end of the stream has the person's key, and nobody has to add it.
    private func openStream(at path: String) {
        connection = AttachedConnection(
            at: path, greeting: context.greeting(.proxy(context.key)).line, on: context.loop
        ) { [unowned self] event in happened(event, connected: .authenticated) }
        connection?.start()
    }

    func authenticate(with claim: Claim) {
        if permit.job.attached != nil, case .socket(let path)? = builder?.endpoint {
            return openStream(at: path)
        }
        guard claim.keyAdmitted != true, let builder else { return onEvent(.authenticated) }
        admission = KeyAdmission(of: context.key, to: builder, of: permit.job.id, in: context) {
            [unowned self] error in
            onEvent(error.map { .connectionFailed($0) } ?? .authenticated)
        }
        admission?.start()
    }

    func start() {
        // All the other processes encrypt. To interrupt one of them for our short work would cost more than that work.
        sp_set_batch_scheduling()
        connection?.carry(from: STDIN_FILENO, to: STDOUT_FILENO, counting: context.client.carried)
        onEvent(.started)
    }

    /// How long to wait for the service to say why the builder has ended.
    private static let lastWordsTimeout = Duration.milliseconds(300)

    /// Waits a moment for the service to say why the builder has ended: after the end of file the client no longer
    /// listens. sshd passes an end of file on when it has come from standard output and from standard error.
    private func endOutput() {
        lastWords = context.loop.timer(after: Self.lastWordsTimeout) { [context] in
            context.output.end()
            context.errors.end()
        }
    }

    /// The person's own ssh has made their terminal raw, and nobody knows what a program shows there: only the last minute
    /// and the end are announced, each on a line of its own.
    func enter(_ job: Job) {
        context.client.isRaw = true
        notices = TimedNotices(
            Notices(
                job, for: permit.person, session: context.journal.session,
                extending: context.entryCommands(for: permit).extend, tellsOfVisitors: false, at: .now),
            in: context, isScreenTaken: { true })
        notices?.tell()
    }

    func update(_ job: Job) { notices?.update(job) }
    func update(deadline: Date?) { notices?.update(deadline: deadline) }
    func windowChanged() {}

    /// The person's own ssh checks the host key, and encrypts what passes.
    var auditedFields: [AuditRecord.Field: AuditRecord.Value] {
        let keys = (builder?.hostKeys ?? []).compactMap { try? PublicKey.parse(line: $0).key.fingerprint }
        return [
            .kind: .text(kind.rawValue), .builderKey: .text(keys.joined(separator: " ")),
            .builderTrust: .text(BuilderTrust.client.rawValue), .opaque: .flag(true),
        ]
    }

    func leave() {
        connection?.close()
        admission?.end()
        notices?.stop()
        lastWords?.cancel()
    }
}
