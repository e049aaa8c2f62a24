public import BuildAPI

extension Job {
    /// Which finished jobs had to go when it was submitted; nil: none.
    public var spokenRemovals: String? {
        guard let removed, !removed.isEmpty else { return nil }
        let ids = removed.map(\.description).joined(separator: ", ")
        let (whose, of) =
            switch owner {
            case .person: ("your", "")
            case .group: ("the", " of \(owner.printableName)")
            }
        return removed.count == 1
            ? "To make room, \(whose) oldest finished job\(of) was removed with its logs: \(ids)."
            : "To make room, \(whose) oldest finished jobs\(of) were removed with their logs: \(ids)."
    }
}
