import BuildAPI
import Policy

/// The person for whom a job is changed.
struct Requester: Equatable, Sendable {
    /// Nil: an operator, who can do everything and has named nobody.
    var principal: Principal?

    var person: Person? { principal?.person }

    /// Throws unless they are allowed to do that with the job.
    func require(_ action: Action, on job: Job) throws(RunnerError) {
        guard let principal else { return }
        _ = try deciding { () throws(Denial) in
            try Permit.decide(action, on: job.id, job, for: principal)
        }
    }

    /// For the end of an audit record: ` by alice`; it marks what people do as administrators.
    func suffix(for job: Job) -> String {
        guard let principal else { return "" }
        let mark = Standing(of: principal, to: job) == .administrator ? " (administrator)" : ""
        return " by \(principal.person.name)\(mark)"
    }
}

/// Refuses what a suspended person wants. A gateway may have looked them up long before.
func refuseSuspended(_ account: Account) throws(RunnerError) {
    _ = try deciding { () throws(Denial) in try Principal.identify(account) }
}

/// Asks the policy, and refuses what it denies.
func deciding<Value>(_ body: () throws(Denial) -> Value) throws(RunnerError) -> Value {
    do throws(Denial) {
        return try body()
    } catch {
        throw RunnerError(error)
    }
}

extension RunnerError {
    /// What the policy denies.
    init(_ denial: Denial) {
        switch denial {
        case .unknownKey, .unconfirmedKey: self.init(.forbidden, "This key is not that person's.")
        case .attachingOnly: self.init(.forbidden, "All that this key is good for is attaching a machine.")
        case .pairingOnly:
            self.init(
                .forbidden, "All that this key is good for is bringing a machine that somebody adopts.")
        case .suspended: self.init(.suspended, "This person is suspended.")
        case .noSuchJob: self.init(.notFound, "There is no such job.")
        case .inconsistent(let cause):
            self.init(.failure, "The jobs cannot be told apart.", detail: cause)
        case .termsNotAccepted(let version):
            self.init(
                .termsNotAccepted, "The terms of use (version \(version)) have not been accepted yet.")
        case .ownersOnly: self.init(.forbidden, "Only the owner of this job can do that.")
        case .othersJob, .concealed:
            self.init(.forbidden, "This person is not allowed to do that with this job.")
        }
    }
}
