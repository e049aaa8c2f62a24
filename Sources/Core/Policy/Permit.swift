public import BuildAPI

/// The policy's permission for one action on one job. Nothing else can make one, and without one no builder is
/// touched and no log is read.
public struct Permit: Equatable, Sendable {
    public let principal: Principal
    public let job: Job
    public let action: Action
    public let standing: Standing

    public var person: Person { principal.person }

    /// For those who are let in: the share that lets them in, theirs or a group's.
    public var share: Party? {
        job.shares.first { $0.isSame(as: person) || $0.isOne(of: principal.groups) }
    }

    private init(_ principal: Principal, _ job: Job, _ action: Action, _ standing: Standing) {
        self.principal = principal
        self.job = job
        self.action = action
        self.standing = standing
    }

    /// Decides whether a person can do that with a job. Whatever no rule allows is denied.
    ///
    /// - Parameters:
    ///   - identifier: the job that they named.
    ///   - job: what the service knows about it; nil: nothing.
    public static func decide(
        _ action: Action, on identifier: JobID, _ job: Job?, for principal: Principal
    ) throws(Denial) -> Permit {
        guard let job else { throw .noSuchJob(identifier) }
        guard job.id == identifier else {
            throw .inconsistent("asked for job \(identifier), the service answered about \(job.id)")
        }
        let standing = Standing(of: principal, to: job)
        let permit = Permit(principal, job, action, standing)
        switch (action, standing) {
        case (.enter, .owner), (.enter, .member), (.enter, .shared), (.enter, .administrator):
            if let version = principal.unacceptedTerms { throw .termsNotAccepted(version: version) }
            return permit
        case (.stay, .owner), (.stay, .member), (.stay, .shared), (.stay, .administrator),
            (.look, .owner), (.look, .member), (.look, .shared), (.look, .administrator):
            return permit
        case (.look, .stranger) where job.visibility == .public:
            return permit
        case (.extend, .owner), (.hold, .owner), (.release, .owner), (.cancel, .owner), (.rerun, .owner),
            (.extend, .member), (.hold, .member), (.release, .member), (.cancel, .member), (.rerun, .member),
            (.extend, .administrator), (.hold, .administrator), (.release, .administrator),
            (.cancel, .administrator), (.rerun, .administrator):
            return permit
        case (.share, .owner), (.share, .member):
            return permit
        default: break
        }
        if standing == .stranger, job.visibility == .private { throw .concealed(job) }
        // To let a stranger in would not help them with the others.
        let sharingHelps = [.enter, .stay, .look].contains(action)
        throw standing == .stranger && sharingHelps ? .othersJob(job) : .ownersOnly(job)
    }
}
