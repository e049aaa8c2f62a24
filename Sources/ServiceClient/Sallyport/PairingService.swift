public import BuildAPI

/// Machines that are nobody's until somebody adopts them, for services that have such: the requests of API v1 about pairings.
///
/// Calls work like those of ``BuildService``.
public protocol PairingService: AnyObject {
    /// A machine comes. `notPermitted`: its key cannot, or none can; `tooMany`: a limit, and the problem says which;
    /// `notOffered`: the service has no such thing.
    func pair(_ machine: NewAttachment, _ answer: @escaping (Result<Pairing, ServiceError>) -> Void)

    /// Renews the lease, and asks whether somebody has adopted the machine. `builderGone`: its time has passed; `noSuchJob`:
    /// the service does not know it any more.
    func renew(_ pairing: Pairing, _ answer: @escaping (Result<Pairing, ServiceError>) -> Void)

    /// The machine has left. One that has passed is no error.
    func end(_ pairing: Pairing, _ answer: @escaping (Result<Void, ServiceError>) -> Void)

    /// Somebody enters a code. `noSuchJob`: no machine waits with it; `notPermitted`: none can be adopted; `tooMany`: they have
    /// entered too many wrong ones, or another limit.
    func adopt(_ adoption: Adoption, _ answer: @escaping (Result<Job, ServiceError>) -> Void)
}
