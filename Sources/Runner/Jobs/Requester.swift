import BuildAPI

/// Who asks for a change of a job, as far as the gateway has said.
struct Requester: Equatable, Sendable {
    /// Nil: nobody was named.
    var person: Person?
    var isAdministrator = false

    /// For the end of an audit record: ` by alice`; who acts as an administrator is marked so.
    func suffix(for job: Job) -> String {
        guard let person else { return "" }
        let mark = Lifecycle.mayEnter(person, job) || !isAdministrator ? "" : " (administrator)"
        return " by \(person.name)\(mark)"
    }
}
