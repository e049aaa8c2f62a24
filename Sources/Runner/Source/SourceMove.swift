import Glibc
import Synchronization

/// Moves a source to its job's place while the job is being stored. It is the job's only once there is a job.
final class SourceMove: Sendable {
    private let archive: SourceArchive
    private let place = Mutex<String?>(nil)

    init(of archive: SourceArchive) {
        self.archive = archive
    }

    func move(to place: String) throws(RunnerError) {
        guard rename(archive.path, place) == 0 else { throw IncomingSource.failure(errno) }
        self.place.withLock { $0 = place }
    }

    /// There is no job after all.
    func takeBack() {
        if let place = place.withLock({ $0 }) { unlink(place) }
    }
}
