public import BuildAPI
import FoundationEssentials

extension Job {
    /// What the owner reads about the administrators who have entered the builder: one sentence for each.
    public var spokenAdministratorEntries: [String] {
        (administratorEntries ?? []).map { entry in
            "\(entry.person.printableName), an administrator, entered job \(id) at \(TimeLeft.moment(entry.since)): “\(HostileText.printable(entry.reason, limit: 300))”"
        }
    }
}
