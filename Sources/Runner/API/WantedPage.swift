import BuildAPI

/// Which page of a list a request asks for.
struct WantedPage<Position> {
    /// The most elements; nil: as many as fit into an answer.
    var limit: Int?
    /// The page begins after this position; nil: at the beginning.
    var after: Position?
}

extension Query {
    /// The parameters `limit` and `after`, which can be absent.
    func page<Position: LosslessStringConvertible>(
        by _: Position.Type
    ) throws(RunnerError) -> WantedPage<Position> {
        var page = WantedPage<Position>()
        if let text = self["limit"] {
            let isNumber = text.utf8.allSatisfy { (0x30...0x39).contains($0) }
            guard isNumber, let limit = Int(text), PageRequest.limits.contains(limit) else {
                let (least, most) = (PageRequest.limits.lowerBound, PageRequest.limits.upperBound)
                throw RunnerError(
                    .malformedRequest, "The parameter limit must be a number from \(least) to \(most).")
            }
            page.limit = limit
        }
        if let text = self["after"] {
            // Each position is written in one way only.
            guard let position = Position(text), "\(position)" == text else { throw .unknownPosition }
            page.after = position
        }
        return page
    }
}

extension RunnerError {
    static let unknownPosition = RunnerError(
        .malformedRequest, "The parameter after must be what an earlier page of this list has as next.")
}
