public import BuildAPI

/// Why somebody may not do something. What people are told about it is said elsewhere.
public enum Denial: Error, Equatable, Sendable {
    /// The key is nobody's.
    case unknownKey(fingerprint: String)
    case suspended(Person)
    /// There is no such job.
    case noSuchJob(JobID)
    /// The service has answered about something else than was asked.
    case inconsistent(String)
    /// The terms of use have to be accepted before; the version of these.
    case termsNotAccepted(version: String)
    /// They may see or enter the job, and this is its owner's.
    case ownersOnly(Job)
    /// The job is somebody else's.
    case othersJob(Job)
    /// The job is somebody else's, who does not want it to be known that it exists.
    case concealed(Job)
}
