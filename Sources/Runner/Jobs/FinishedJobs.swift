import BuildAPI
import ConfigurationFile

/// What the finished jobs of one owner take, those without a builder.
struct FinishedJobs: Equatable, Sendable {
    /// One of them.
    struct Finished: Equatable, Sendable {
        let id: JobID
        let bytes: Int
    }

    var count: Int
    /// Of their manifests, sources and logs.
    var bytes: Int

    /// Those that have to go so that one more can finish.
    ///
    /// - Parameter oldest: some of the owner's, the oldest first.
    func surplus(_ oldest: [Finished], _ limits: Configuration.Runner.Limits) -> [JobID] {
        var rest = self
        var surplus: [JobID] = []
        for job in oldest where rest.isFull(limits) {
            surplus.append(job.id)
            rest.count -= 1
            rest.bytes -= job.bytes
        }
        return surplus
    }

    private func isFull(_ limits: Configuration.Runner.Limits) -> Bool {
        count >= limits.finishedPerOwner || bytes >= limits.finishedBytesPerOwner
    }
}
