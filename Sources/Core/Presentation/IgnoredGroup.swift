public import BuildAPI

extension Job {
    /// What people read if a service has ignored for which group the job was submitted; nil: it has not.
    public func ignoredGroup(_ group: Group?) -> String? {
        guard let group, !owner.isSame(as: .group(group)) else { return nil }
        return "This build service knows no groups: job \(id) belongs to \(owner.printableName)."
    }
}
