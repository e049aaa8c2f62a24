public import BuildAPI

extension Job {
    /// Which finished jobs had to go when it was submitted; nil: none.
    public var spokenRemovals: String? {
        guard let removed, !removed.isEmpty else { return nil }
        let ids = removed.map(\.description).joined(separator: ", ")
        let whose: String
        switch owner {
        case .person: whose = "your oldest finished"
        case .group: whose = "the oldest finished"
        }
        let of = if case .group = owner { " of \(owner.printableName)" } else { "" }
        return removed.count == 1
            ? "To make room, \(whose) job\(of) was removed with its logs: \(ids)."
            : "To make room, \(whose) jobs\(of) were removed with their logs: \(ids)."
    }
}
