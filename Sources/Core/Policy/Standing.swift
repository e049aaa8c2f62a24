public import BuildAPI

/// What a job is to a person.
public enum Standing: String, CaseIterable, Sendable {
    /// Theirs.
    case owner
    /// Its owner lets them in.
    case shared
    /// They are an administrator.
    case administrator
    case stranger

    public init(of principal: Principal, to job: Job) {
        let person = principal.person
        self =
            if job.owner.isSame(as: person) {
                .owner
            } else if job.shares.contains(where: { $0.isSame(as: person) }) {
                .shared
            } else {
                principal.isAdministrator ? .administrator : .stranger
            }
    }
}
