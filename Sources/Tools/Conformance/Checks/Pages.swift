import BuildAPI
import Presentation

/// Pages of lists, which a service can do without.
extension Examination {
    private static let noPages = "the service has no pages: there is no next"

    func lookAtPagesOfJobs() {
        check(.jobsPages) {
            let path = try pathOfJobs()
            guard try decode(JobList.self, try expect(client.get(path), 200).body).jobs.count > 1 else {
                throw Deviation.skipped("there is only one job")
            }
            let (newest, older) = try firstPages(of: path, JobList.self) { $0.id.description }
            return "\(older) after \(newest)"
        }
        check(.jobsAfter) {
            let path = try pathOfJobs()
            let first = client.get("\(path)limit=1")
            guard first.json?["next"]?.string != nil else { throw Deviation.skipped(Self.noPages) }
            try expect(client.get("\(path)limit=0"), 400, 422)
            return try expect(client.get("\(path)after=\(Self.unknownJob)"), 400, 422).summary
        }
    }

    /// Of the keys that the examination itself has added there are two.
    func lookAtPagesOfKeys() {
        check(.keysPages) {
            guard added.count > 1 else { throw Deviation.skipped("fewer than two keys were added") }
            let (first, second) = try firstPages(of: "/v1/keys?", KeyList.self) {
                "\($0.owner.id) \($0.fingerprint)"
            }
            return "\(second) after \(first)"
        }
    }

    private func pathOfJobs() throws -> String {
        _ = try need(job, Self.noJob)
        return "/v1/jobs?owner=\(try claimantNow().id.percentEncoded)&"
    }

    /// The only elements of the first two pages.
    ///
    /// - Parameter path: parameters can follow it.
    private func firstPages<List: PagedList>(
        of path: String, _: List.Type, _ name: (List.Element) -> String
    ) throws -> (String, String) {
        let first = try decode(List.self, try expect(client.get("\(path)limit=1"), 200).body)
        let next = try need(first.next, Self.noPages)
        try expect(Self.isID(next), "next is \(next)")
        let answer = try expect(client.get("\(path)limit=1&after=\(next.percentEncoded)"), 200)
        let second = try decode(List.self, answer.body)
        for page in [first, second] {
            try expect(page.elements.count == 1, "a page with \(page.elements.count.counted("element"))")
        }
        let names = (name(first.elements[0]), name(second.elements[0]))
        try expect(names.0 != names.1, "\(names.0) is on both pages")
        return names
    }
}
