import EventLoop
import Testing

@testable import BuildAPI
@testable import ServiceClient

/// A list is read one page after the other.
@Suite struct PagedListTests {
    /// Answers each request with the next page.
    ///
    /// - Returns: the list, and what was asked for.
    private func read(
        _ pages: [JobList], most: Int? = nil
    ) throws -> (list: [String], next: String?, asked: [PageRequest]) {
        let service = SallyportService(.socket(path: "/nowhere"), on: EventLoop())
        var asked: [PageRequest] = []
        let list = try service.waitForPages(of: JobList.self, most: most) { page, answer in
            asked.append(page)
            answer(.success(pages[asked.count - 1]))
        }
        return (list.jobs.map { "\($0.id)" }, list.next, asked)
    }

    private func page(_ jobs: ClosedRange<Int>, next: String? = nil) -> JobList {
        let alice = Person(id: "1", name: "alice")
        return JobList(
            jobs: jobs.reversed().map { Job(id: JobID("\($0)")!, owner: .person(alice), status: .queued) },
            next: next)
    }

    @Test func aListIsReadToItsEnd() throws {
        let read = try read([page(4...5, next: "4"), page(3...3, next: "3"), page(1...2)])
        #expect(read.list == ["5", "4", "3", "2", "1"] && read.next == nil)
        #expect(read.asked.map(\.after) == [nil, "4", "3"] && read.asked.allSatisfy { $0.limit == nil })
    }

    @Test func aServiceWithoutPagesAnswersOnce() throws {
        let whole = try read([page(1...5)])
        #expect(whole.list.count == 5 && whole.asked == [PageRequest()])
        #expect(try read([page(1...5)], most: 2).list == ["5", "4"])
        #expect(try read([JobList(jobs: [])]).list.isEmpty)
    }

    @Test func noMoreIsAskedForThanIsWanted() throws {
        let read = try read([page(4...5, next: "4"), page(3...3, next: "3")], most: 3)
        #expect(read.list == ["5", "4", "3"] && read.next == "3" && read.asked.map(\.limit) == [3, 1])
        #expect(try self.read([page(1...3)], most: 5000).asked.map(\.limit) == [1000])
        // A page can be empty.
        #expect(try self.read([JobList(jobs: [], next: "4"), page(3...3)]).list == ["3"])
    }

    @Test func aServiceThatGoesRoundInACircleIsRefused() throws {
        let error = #expect(throws: ServiceError.self) {
            _ = try read([page(4...5, next: "4"), page(4...5, next: "4")])
        }
        #expect(error?.code == .malformedAnswer && error?.detail.contains("the page after 4") == true)
    }

    @Test func thePageIsAskedForInTheQuery() {
        #expect(PageRequest().parameters.isEmpty && SallyportService.path("/v1/people", []) == "/v1/people")
        let parameters = PageRequest(limit: 5, after: "a&b").parameters
        #expect(SallyportService.path("/v1/jobs", parameters) == "/v1/jobs?limit=5&after=a%26b")
    }
}
