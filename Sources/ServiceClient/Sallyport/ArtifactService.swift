public import BuildAPI

/// The files that a service keeps of what jobs leave behind.
///
/// Calls work like those of ``BuildService``. A service without them fails with `notOffered`.
public protocol ArtifactService: AnyObject {
    /// What there is of a job. `conflict`: nothing, as the service says.
    func artifacts(
        of job: JobID, for person: Person,
        _ answer: @escaping (Result<ArtifactList, ServiceError>) -> Void)

    /// The bytes of an artifact, or of all of them as a tar archive. A broken connection is an error: nothing is sent twice.
    ///
    /// - Parameters:
    ///   - name: nil: all of them.
    ///   - receive: return false for “not now”; the same bytes are delivered again after `resume()`.
    func readArtifact(
        _ name: String?, of job: JobID, for person: Person,
        _ receive: @escaping (UnsafeRawBufferPointer) -> Bool,
        ended: @escaping (Result<Void, ServiceError>) -> Void
    ) -> any ServiceStream
}
