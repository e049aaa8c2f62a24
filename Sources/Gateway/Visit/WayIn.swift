import BuildAPI
import FoundationEssentials

/// How a visit gets into a builder, and what it does there.
protocol WayIn: AnyObject {
    /// What claims are for.
    var kind: Claim.Kind { get }
    /// Whether it shows what becomes of the job while it lasts.
    var tellsOfJob: Bool { get }

    /// Whether many visits are over before anything can be told, so that watching the job can begin later.
    var isOftenShort: Bool { get }
    /// Is told what happens: `reached`, `opened`, `started`, `ended`, `connectionFailed`, `idle`.
    var onEvent: (VisitMachine.Event) -> Void { get set }

    /// Reaches for the builder, and lets go of one that was reached before. Nothing is sent that opens it.
    func reach(_ builder: Job.Builder)
    /// Once it is reached: has it opened, on the strength of that claim.
    func open(with claim: Claim)
    /// Once it is open.
    func run()
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
