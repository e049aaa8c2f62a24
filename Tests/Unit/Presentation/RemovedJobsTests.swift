import BuildAPI
import Presentation
import Testing

@Suite("Jobs that had to go for a new one")
struct RemovedJobsTests {
    @Test(
        "are named",
        arguments: [
            (nil, nil), ([], nil),
            (["3"], "To make room, your oldest finished job was removed with its logs: 3."),
            (["3", "4"], "To make room, your oldest finished jobs were removed with their logs: 3, 4."),
        ] as [([String]?, String?)])
    func names(removed: [String]?, sentence: String?) {
        let job = Job(
            id: JobID("9")!, owner: .person(Person(id: "1", name: "alice")), status: .queued,
            removed: removed?.compactMap { JobID($0) })
        #expect(job.spokenRemovals == sentence)
    }
}
