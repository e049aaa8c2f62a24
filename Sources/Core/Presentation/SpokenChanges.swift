public import BuildAPI
import FoundationEssentials

/// What somebody has just done with a job, in a sentence for them.
extension Job {
    /// Its builder has a new deadline.
    public var spokenExtension: String {
        guard let deadline else { return "The builder of job \(id) has more time." }
        let left = SpokenDuration.words(deadline.timeIntervalSinceNow)
        return "The builder of job \(id) ends \(TimeLeft.moment(deadline)), in \(left)."
    }

    /// Its builder has been released.
    public var spokenRelease: String { "The builder of job \(id) ends now." }

    public var spokenCancellation: String { "Job \(id) is cancelled." }
}
