import BuildAPI
import ConfigurationFile
import Glibc
import Logging

/// The sources of jobs. They are kept as long as their jobs, unless their owner needs the room for another.
extension JobBook {
    /// Makes room among the owner's sources for one more: those of jobs that are over go, the oldest first.
    func makeRoom(for bytes: Int, of owner: Person) throws(RunnerError) {
        let limit = settings.limits.sourcesPerOwner
        let sources = try store.sources(owner: owner)
        var total = bytes + sources.reduce(0) { $0 + $1.bytes }
        for source in sources where total > limit && entries[source.job] == nil {
            guard removeSource(of: source.job) else { continue }
            try store.forgetSource(of: source.job)
            total -= source.bytes
        }
        guard total > limit else { return }
        throw RunnerError(
            .tooMany(.init(what: "megabytes of source", limit: limit >> 20)),
            "The sources of \(owner.name)'s unfinished jobs would take more than \(limit >> 20) MB: wait until one of them is over."
        )
    }

    /// - Returns: whether it is gone.
    func removeSource(of id: JobID) -> Bool {
        guard unlink(settings.source(of: id)) != 0, errno != ENOENT else { return true }
        logger.error("the source of job \(id) cannot be removed: \(String(cString: strerror(errno)))")
        return false
    }
}
