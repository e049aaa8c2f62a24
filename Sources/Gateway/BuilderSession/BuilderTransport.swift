import BuildAPI
import FoundationEssentials

/// What carries a session to a builder: an SSH connection of the gateway's own, or the bytes of the person's.
protocol BuilderTransport: AnyObject {
    /// What claims are for.
    var kind: Claim.Kind { get }
    /// Whether it shows what becomes of the job while it lasts.
    var tellsOfJob: Bool { get }
    /// Whether many sessions are over before anything can be told, so that watching the job can begin later.
    var isOftenShort: Bool { get }
    /// Is told what happens: `connected`, `authenticated`, `started`, `ended`, `connectionFailed`, `idle`.
    var onEvent: (BuilderSessionMachine.Event) -> Void { get set }

    /// Connects to the builder, and lets go of one there was before. Nothing is sent that opens it.
    func connect(to builder: Job.Builder)
    /// Once it is connected: has it opened, on the strength of that claim.
    func authenticate(with claim: Claim)
    /// Once it is open.
    func start()
    /// Before a byte of the inside is shown.
    func enter(_ job: Job)
    func update(_ job: Job)
    func update(deadline: Date?)
    func windowChanged()
    /// Lets go at once; no event comes after it.
    ///
    /// - Parameter isCutOff: what went on there has not ended by itself.
    func leave(isCutOff: Bool)
}
