import BuildAPI
import ConfigurationFile

/// Kept builders, of which each owner can have a few.
extension JobBook {
    /// For the job when its tasks end now.
    func keptRoom(for id: JobID) -> KeptRoom {
        guard let job = entries[id]?.record.job else { return .free }
        return KeptRoom(
            for: job, among: builders(of: job.owner.id).kept, limit: settings.limits.keptPerOwner,
            whenFull: settings.limits.keptFull)
    }
}
