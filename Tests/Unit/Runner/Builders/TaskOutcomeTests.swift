import BuildAPI
import Provider
import Testing

@testable import Runner

/// What is said about a builder that has run out of something while a task ran.
@Suite struct TaskOutcomeTests {
    private static let disk = "the disk of the builder is full"
    private static let memory = "the builder ran out of memory (512 MiB), and the kernel killed processes"

    static let cases: [(Int, Set<Job.Task.Shortage>, Job.Task.Shortage?, [String])] = [
        (0, [], nil, []), (1, [], nil, []),
        (0, [.disk], nil, [disk]), (1, [.disk], .disk, [disk]),
        (0, [.memory], nil, []), (2, [.memory], .memory, [memory]),
        (137, [.memory, .disk], .memory, [disk, memory]),
    ]

    @Test(arguments: cases) func aFailedTaskHasAReason(
        status: Int, shortages: Set<Job.Task.Shortage>, reason: Job.Task.Shortage?, remarks: [String]
    ) {
        let outcome = TaskOutcome(exitStatus: status, shortages: shortages)
        #expect(outcome.shortage == reason)
        #expect(outcome.remarks(memory: 512) == remarks)
    }
}
