public import BuildAPI

extension SallyportService {
    /// Waits for a list, one page after the other, until its end or until it is long enough.
    ///
    ///     let jobs = try service.waitForPages(of: JobList.self, most: nil) {
    ///         service.jobs(owner: nil, live: true, shared: false, page: $0, $1)
    ///     }
    ///
    /// - Parameter most: how many elements are wanted; nil: all.
    /// - Returns: one list. Its `next` is nil if it is the whole one.
    public func waitForPages<List: PagedList>(
        of _: List.Type, most: Int?,
        _ call: (PageRequest, @escaping (Result<List, ServiceError>) -> Void) -> Void
    ) throws(ServiceError) -> List {
        var list = List()
        while true {
            let wanted = most.map { min($0 - list.elements.count, PageRequest.limits.upperBound) }
            let request = PageRequest(limit: wanted, after: list.next)
            let page = try wait { call(request, $0) }
            guard page.next == nil || page.next != request.after else {
                throw ServiceError(
                    .malformedAnswer, detail: "the page after \(page.next ?? "") ends there, too")
            }
            list.elements += page.elements
            list.next = page.next
            // A service without pages ignores how many are wanted.
            if let most, list.elements.count > most { list.elements.removeSubrange(most...) }
            guard list.next != nil, list.elements.count < most ?? .max else { return list }
        }
    }
}
