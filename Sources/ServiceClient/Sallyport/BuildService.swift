public import AuthorizedKeys
public import BuildAPI

/// Whatever knows jobs, owners and keys, as a gateway needs it.
///
/// All calls return at once; the answer comes on the event loop. Nothing of an answer has been checked but its form:
/// texts in it are hostile.
public protocol BuildService: AnyObject {
    /// Whose key is this? Nil: nobody's.
    func key(_ key: PublicKey, _ answer: @escaping (Result<Key?, ServiceError>) -> Void)

    /// Nil: there is no such job.
    func job(_ job: JobID, _ answer: @escaping (Result<Job?, ServiceError>) -> Void)

    /// The person's jobs that run, will run, or have a builder; newest first. `notOffered`: the service has no list.
    func liveJobs(of person: Person, _ answer: @escaping (Result<[Job], ServiceError>) -> Void)

    /// Whether `watch` is told of changes, of who comes and goes too. Else it asks again and again, and claims tell of the
    /// deadline with each heartbeat.
    var announcesChanges: Bool { get }

    /// The job now and each time something about it changes. A broken connection is resumed.
    ///
    /// - Parameters:
    ///   - person: who is told, for a service that decides that too.
    ///   - ended: the service has nothing more to tell, or could not be reached for a while.
    func watch(
        _ job: JobID, for person: Person, _ changed: @escaping (Job) -> Void,
        ended: @escaping (Result<Void, ServiceError>) -> Void
    ) -> any ServiceStream

    /// The bytes of a log from its first on, as they are written, until the log ends. A broken connection is resumed
    /// where it broke.
    ///
    /// - Parameters:
    ///   - log: `setup`, or a task's name.
    ///   - receive: false: not now; the same bytes come again after `resume()`.
    func followLog(
        _ log: String, of job: JobID, for person: Person,
        _ receive: @escaping (UnsafeRawBufferPointer) -> Bool,
        ended: @escaping (Result<Void, ServiceError>) -> Void
    ) -> any ServiceStream

    /// Asks for the promise that the job's builder stays. The same session asking twice gets the same claim.
    func claim(
        _ job: JobID, _ request: ClaimRequest, _ answer: @escaping (Result<Claim, ServiceError>) -> Void)

    /// Renews the claim's lease.
    func heartbeat(_ claim: Claim, _ answer: @escaping (Result<Claim, ServiceError>) -> Void)

    /// Ends the claim. Releasing one that has ended already is no error.
    func release(
        _ claim: Claim, reason: Claim.Reason, _ answer: @escaping (Result<Void, ServiceError>) -> Void)

    /// Nil: the service names the host keys of each builder, and builders know the gateway's key. Else neither is so:
    /// the key that a builder without host keys shows is compared with these, and nothing secret lets the gateway in.
    var hostKeyPins: (any HostKeyPins)? { get }

    /// What vouches for the host keys of builders. Nil: nothing does.
    func hostAuthority(_ answer: @escaping (Result<HostAuthority?, ServiceError>) -> Void)

    /// What people do with their jobs and keys through the gateway; nil where the service has that elsewhere.
    var selfService: (any SelfService)? { get }
}

/// Something that a service goes on telling.
public protocol ServiceStream: AnyObject {
    /// Nothing more is received, and `ended` is not called.
    func cancel()
    /// After `receive` has returned false: go on.
    func resume()
}
