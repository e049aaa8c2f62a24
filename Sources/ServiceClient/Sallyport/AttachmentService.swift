public import BuildAPI

/// Machines that dial out, for services that have jobs for them: the requests of API v1 about attachments.
///
/// Calls work like those of ``BuildService``. A service without them fails with `notOffered`.
public protocol AttachmentService: AnyObject {
    /// Makes a job of a machine. `notPermitted`: the key may not; `conflict`: its owner has a live job of that name;
    /// `tooMany`: a limit, and the problem says which.
    func attach(_ machine: NewAttachment, _ answer: @escaping (Result<Attachment, ServiceError>) -> Void)

    /// The same machine again. `noSuchJob`: that is not the job's secret; `conflict`: it has other host keys; `builderGone`:
    /// the job has ended.
    func resume(_ machine: Resumption, _ answer: @escaping (Result<Attachment, ServiceError>) -> Void)

    /// Renews the lease. `claimEnded`: the job has ended, or another attachment has taken this one's place.
    func renew(_ attachment: Attachment, _ answer: @escaping (Result<Attachment, ServiceError>) -> Void)

    /// The machine's command has ended.
    func report(
        _ exit: AttachedExit, of attachment: Attachment,
        _ answer: @escaping (Result<Attachment, ServiceError>) -> Void)

    /// Appends bytes to the job's log, until their end.
    ///
    /// - Parameter isLast: nothing more comes.
    func appendLog(
        _ bytes: any ByteSource, isLast: Bool, of attachment: Attachment,
        _ answer: @escaping (Result<Void, ServiceError>) -> Void)

    /// The machine has left. An attachment that has ended is no error.
    func leave(
        _ attachment: Attachment, _ departure: AttachmentDeparture,
        _ answer: @escaping (Result<Void, ServiceError>) -> Void)

    /// The live jobs of that name that this person may enter; their own first.
    func jobs(
        named name: JobName, for person: Person, _ answer: @escaping (Result<JobList, ServiceError>) -> Void)
}

/// How a machine leaves.
public enum AttachmentDeparture: String, Sendable {
    /// The job ends now.
    case bye
    /// It ends because the CI has cancelled it.
    case cancelled
    /// The connection is gone; the machine can come back.
    case lost
}
