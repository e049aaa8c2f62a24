import BuildAPI
import ConfigurationFile
import Glibc
import Logging
import Presentation

/// The sources of jobs. They are kept as long as their jobs, unless their owner needs the room for another.
extension JobBook {
    /// How many sources of one owner can be on their way at once.
    static let arrivalsPerOwner = 4

    /// Called before the first byte of a source is read. Someone who could have no job in the end is told now.
    func beginArrival(of owner: Person) throws(RunnerError) {
        try checkQueue(of: owner)
        guard settings.limits.source > 0 else {
            throw RunnerError(
                .unsupportedMediaType, "This build service takes no source: let a task of the job fetch it.")
        }
        guard arrivals[owner.id, default: 0] < Self.arrivalsPerOwner else {
            throw RunnerError(
                .tooMany(.init(what: "sources on their way", limit: Self.arrivalsPerOwner)),
                "\(owner.name) is already sending \(Self.arrivalsPerOwner) sources, which is the limit: wait until one of them has arrived."
            )
        }
        arrivals[owner.id, default: 0] += 1
    }

    /// Called once for each arrival that has begun, however it has ended.
    func endArrival(of owner: Person) {
        let rest = arrivals[owner.id, default: 0] - 1
        arrivals[owner.id] = rest > 0 ? rest : nil
    }

    /// Makes room among the owner's sources for one more: those of jobs that are over go, the oldest first. If that
    /// would not be enough, none goes.
    func makeRoom(for bytes: Int, of owner: Person) throws(RunnerError) {
        let limit = settings.limits.sourcesPerOwner
        let spoken = SpokenSize.words(Int64(limit))
        guard bytes <= limit else {
            throw RunnerError(
                .tooLarge, "The sources of one owner can take \(spoken), and this one alone is larger.")
        }
        let sources = try store.sources(owner: owner)
        let needed = bytes + sources.filter { entries[$0.job] != nil }.reduce(0) { $0 + $1.bytes }
        guard needed <= limit else {
            throw RunnerError(
                .tooMany(.init(what: "megabytes of source", limit: limit >> 20)),
                "The sources of \(owner.name)'s unfinished jobs would take more than \(spoken): wait until one of them is over."
            )
        }
        var total = bytes + sources.reduce(0) { $0 + $1.bytes }
        for source in sources where total > limit && entries[source.job] == nil {
            guard removeSource(of: source.job) else { continue }
            try store.forgetSource(of: source.job)
            total -= source.bytes
        }
        guard total > limit else { return }
        throw RunnerError(.failure, "The sources of earlier jobs cannot be removed to make room.")
    }

    /// - Returns: whether it is gone.
    func removeSource(of id: JobID) -> Bool {
        guard unlink(settings.source(of: id)) != 0, errno != ENOENT else { return true }
        logger.error("the source of job \(id) cannot be removed: \(String(cString: strerror(errno)))")
        return false
    }
}
