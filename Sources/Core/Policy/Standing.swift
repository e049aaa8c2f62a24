public import BuildAPI

/// What a job is to a person.
public enum Standing: String, CaseIterable, Sendable {
    /// Theirs.
    case owner
    /// It belongs to a group in which they are.
    case member
    /// Its owner lets them in, or a group in which they are.
    case shared
    /// They are an administrator.
    case administrator
    case stranger

    public init(of principal: Principal, to job: Job) {
        let person = principal.person
        self =
            if job.owner.isSame(as: person) {
                .owner
            } else if job.owner.isOne(of: principal.groups) {
                .member
            } else if job.shares.contains(where: {
                $0.isSame(as: person) || $0.isOne(of: principal.groups)
            }) {
                .shared
            } else {
                principal.isAdministrator ? .administrator : .stranger
            }
    }

    /// Whether the job is theirs, alone or together with others.
    public var isOwners: Bool { self == .owner || self == .member }
}
