import Audit
import BuildAPI
import FoundationEssentials

/// The transport of a session to a builder: an SSH connection of the gateway's own, or the bytes of the person's.
protocol BuilderTransport: AnyObject {
    /// The kind of claim that it needs.
    var kind: Claim.Kind { get }
    /// Whether many sessions end before there is anything to show, so that watching the job can begin later.
    var isOftenShort: Bool { get }
    /// Called with `connected`, `authenticated`, `started`, `ended`, `connectionFailed` and `idle`.
    var onEvent: (BuilderSessionMachine.Event) -> Void { get set }

    /// Connects to the builder, and closes an earlier connection. Sends nothing that authenticates us.
    func connect(to builder: Job.Builder)
    /// After `connected`: authenticates with that claim.
    func authenticate(with claim: Claim)
    /// After `authenticated`. Throws if the session has to be recorded, and cannot be.
    func start() throws(Refusal)
    /// Called before the first byte from inside is shown.
    func enter(_ job: Job)
    func update(_ job: Job)
    func update(deadline: Date?)
    func windowChanged()
    /// What audit records say of the way in, after `authenticated`.
    var auditedFields: [AuditRecord.Field: AuditRecord.Value] { get }
    /// Closes everything at once; no event comes after it.
    func leave()
}
