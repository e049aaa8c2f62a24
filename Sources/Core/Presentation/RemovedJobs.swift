public import BuildAPI

extension Job {
    /// Which finished jobs had to go when it was submitted; nil: none.
    public var spokenRemovals: String? {
        guard let removed, !removed.isEmpty else { return nil }
        let ids = removed.map(\.description).joined(separator: ", ")
        return removed.count == 1
            ? "To make room, your oldest finished job was removed with its logs: \(ids)."
            : "To make room, your oldest finished jobs were removed with their logs: \(ids)."
    }
}
