import BuildAPI
import ConfigurationFile
import FoundationEssentials
import Glibc
import Logging
import Presentation

/// The sources of jobs. They are kept as long as their jobs, unless their owner needs the room for another.
extension JobDirectory {
    /// How many sources one person can send at once, for themselves or for groups.
    static let arrivalsPerPerson = 4

    /// Called before the first byte of a source is read. Someone who could have no job in the end is told now.
    func beginArrival(of submission: Submission) throws(RunnerError) {
        try checkQueue(of: submission.owner)
        let person = submission.submitter
        guard settings.limits.source > 0 else {
            throw RunnerError(
                .unsupportedMediaType, "This build service takes no source: let a task of the job fetch it.")
        }
        guard arrivals[person.id, default: 0] < Self.arrivalsPerPerson else {
            throw RunnerError(
                .tooMany(.init(what: "sources on their way", limit: Self.arrivalsPerPerson)),
                "\(person.name) is already sending \(Self.arrivalsPerPerson) sources, which is the limit: wait until one of them has arrived.",
                limit: .arrivingSourcesPerPerson)
        }
        arrivals[person.id, default: 0] += 1
    }

    /// Called once for each arrival that has begun, however it has ended.
    func endArrival(of submission: Submission) {
        Self.subtract(1, from: &arrivals, submission.submitter.id)
    }

    /// What has to go among the owner's sources so that there is room for one more: those of finished jobs, the oldest
    /// first. Throws if that would not be enough.
    func sourcesToForget(for bytes: Int, of owner: Party) async throws(RunnerError) -> [JobID] {
        let limit = settings.limits.sourcesPerOwner
        let spoken = SpokenSize.words(Int64(limit))
        guard bytes <= limit else {
            throw RunnerError(
                .tooLarge, "The sources of one owner can take \(spoken), and this one alone is larger.")
        }
        var forgotten: [JobID] = []
        let sources = try await store.sources(owner: owner)
        var total = storedBytes[owner.id, default: bytes] + sources.reduce(0) { $0 + $1.bytes }
        for source in sources where total > limit && entries[source.job] == nil {
            forgotten.append(source.job)
            total -= source.bytes
        }
        guard total <= limit else {
            throw RunnerError(
                .tooMany(.init(what: "megabytes of source", limit: limit >> 20)),
                "The sources of \(owner.name)'s unfinished jobs would take more than \(spoken): wait until one of them is over.",
                limit: .sourcesPerOwner)
        }
        return forgotten
    }

    /// Removes sources that an earlier runner has left and that no job has: it may have died before it did this itself.
    nonisolated func removeForgottenSources() async {
        let folder = "\(settings.stateFolder)/sources"
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
            guard Int64(name) != nil, let id = JobID(name), (try? await store.hasSource(id)) == false else {
                continue
            }
            if removeSource(of: id) { logger.info("removed the source \(name), which no job has") }
        }
    }

    /// - Returns: whether it is gone.
    @discardableResult
    nonisolated func removeSource(of id: JobID) -> Bool {
        guard unlink(settings.source(of: id)) != 0, errno != ENOENT else { return true }
        logger.error("the source of job \(id) cannot be removed: \(String(cString: strerror(errno)))")
        return false
    }
}
