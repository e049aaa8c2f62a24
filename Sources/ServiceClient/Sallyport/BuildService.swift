public import AuthorizedKeys
public import BuildAPI

/// A service that knows jobs, owners and keys, as a gateway needs it.
///
/// All calls return at once; the answer arrives on the event loop. Only the form of an answer has been checked:
/// its texts are hostile.
public protocol BuildService: AnyObject {
    /// Looks a key up. Nil: nobody has it.
    func key(_ key: PublicKey, _ answer: @escaping (Result<Key?, ServiceError>) -> Void)

    /// Nil: there is no such job.
    func job(_ job: JobID, _ answer: @escaping (Result<Job?, ServiceError>) -> Void)

    /// The first page of the person's jobs that are waiting or running, or have a builder; newest first. `notOffered`: the
    /// service has no list.
    ///
    /// - Parameter shared: also those that others share with this person, if the service can tell.
    func liveJobs(
        of person: Person, shared: Bool, _ answer: @escaping (Result<JobList, ServiceError>) -> Void)

    /// Whether the service notifies `watch` of changes, including who enters and leaves. If not, `watch` polls, and
    /// claims report the deadline with each heartbeat.
    var announcesChanges: Bool { get }

    /// The job, now and whenever it changes. A broken connection is resumed.
    ///
    /// - Parameters:
    ///   - person: who watches, for a service that checks this too, and reports what changes about them; nil, for operators
    ///     only: nobody in particular. The same holds for those who read logs.
    ///   - ended: the service has nothing more to report, or could not be reached for a while.
    func watch(
        _ job: JobID, for person: Person?, _ report: @escaping (JobReport) -> Void,
        ended: @escaping (Result<Void, ServiceError>) -> Void
    ) -> any ServiceStream

    /// Where the last lines of a log, as it is now, begin. A log that does not exist has none.
    func lastLines(
        _ count: Int, of log: String, of job: Job, for person: Person?,
        _ answer: @escaping (Result<LastLines, ServiceError>) -> Void)

    /// The bytes of a log from an offset on, as they are written, until the log ends. A broken connection is resumed
    /// where it broke.
    ///
    /// - Parameters:
    ///   - log: ``LogName/job``, or a task's name.
    ///   - offset: of the first byte that is received. It is not after the end of the log as it is now.
    ///   - receive: return false for “not now”; the same bytes are delivered again after `resume()`.
    func followLog(
        _ log: String, of job: Job, for person: Person?, from offset: Int,
        _ receive: @escaping (UnsafeRawBufferPointer) -> Bool,
        ended: @escaping (Result<Void, ServiceError>) -> Void
    ) -> any ServiceStream

    /// Whether the service has a log of the job for this person. A service that cannot say it now has one.
    func hasLog(_ job: Job, for person: Person, _ answer: @escaping (Bool) -> Void)

    /// Whether a claim ends unless heartbeats renew it, each of which also judges the person. If not, heartbeats only tell
    /// whether the builder is there.
    var hasLeases: Bool { get }

    /// Claims the job's builder, so that it stays. A session that asks twice gets the same claim.
    func claim(
        _ job: JobID, _ request: ClaimRequest, _ answer: @escaping (Result<Claim, ServiceError>) -> Void)

    /// Renews the claim's lease.
    func heartbeat(_ claim: Claim, _ answer: @escaping (Result<Claim, ServiceError>) -> Void)

    /// Ends the claim. Releasing an ended claim is not an error.
    func release(
        _ claim: Claim, reason: Claim.Reason, _ answer: @escaping (Result<Void, ServiceError>) -> Void)

    /// Nil: the service names the host keys of each builder, and builders know the gateway's key. Otherwise neither is
    /// true: the key that a builder shows is compared with these pins, and builders accept the gateway without a
    /// secret.
    var hostKeyPins: (any HostKeyPins)? { get }

    /// The certificate authority for the host keys of builders. Nil: there is none.
    func hostAuthority(_ answer: @escaping (Result<HostAuthority?, ServiceError>) -> Void)

    /// What people do with their jobs and keys through the gateway; nil if they do that elsewhere.
    var selfService: (any SelfService)? { get }

    /// Machines that dial out; nil: the service has no jobs for them.
    var attachments: (any AttachmentService)? { get }

    /// Machines that are nobody's until somebody adopts them; nil: the service has none.
    var pairings: (any PairingService)? { get }

    /// What jobs leave behind; nil: the service keeps nothing of it.
    var artifacts: (any ArtifactService)? { get }
}

extension BuildService {
    public var attachments: (any AttachmentService)? { nil }
    public var pairings: (any PairingService)? { nil }
    public var artifacts: (any ArtifactService)? { nil }
}

/// What a service reports to those who watch a job.
public enum JobReport: Equatable, Sendable {
    /// The job, now or after a change.
    case job(Job)
    /// Something about the person or their keys may have changed. From now on this is reported whenever it has.
    case person
    /// Nothing has changed, but the service is alive.
    case alive
    /// The connection has broken. Nothing is reported until it is resumed.
    case interrupted
}

/// An answer that continues until it is cancelled or has ended.
public protocol ServiceStream: AnyObject {
    /// After this, nothing more is received, and `ended` is not called.
    func cancel()
    /// Continues after `receive` has returned false.
    func resume()
}
