public import BuildAPI
public import FoundationEssentials

/// What people do with their jobs and keys: those requests of API v1 that nobody needs to enter a builder.
///
/// Calls are as those of ``BuildService``. A service that has none of this fails with `notOffered`.
public protocol SelfService: AnyObject {
    /// The newest first.
    ///
    /// - Parameter owner: a person's name or id; nil, for operators only: everybody's jobs.
    func jobs(owner: String?, live: Bool, _ answer: @escaping (Result<[Job], ServiceError>) -> Void)

    /// - Parameters:
    ///   - manifest: the bytes of a manifest in YAML.
    ///   - owner: a person's name or id.
    func submit(
        manifest: [UInt8], owner: String, note: String?, visibility: Job.Visibility,
        _ answer: @escaping (Result<Job, ServiceError>) -> Void)

    /// Answers with the job as it is then.
    ///
    /// - Parameter person: who does it, for the service's records.
    func perform(
        _ action: JobAction, on job: JobID, for person: Person,
        _ answer: @escaping (Result<Job, ServiceError>) -> Void)

    /// - Parameter owner: a person's name or id; nil, for operators only: everybody's keys.
    func keys(owner: String?, _ answer: @escaping (Result<[Key], ServiceError>) -> Void)

    func add(_ key: NewKey, _ answer: @escaping (Result<Key, ServiceError>) -> Void)

    /// - Parameter owner: whose key it must be; nil, for operators only: anybody's.
    func removeKey(
        _ fingerprint: String, owner: String?, _ answer: @escaping (Result<Void, ServiceError>) -> Void)

    /// The present terms of use. Nil: there are none.
    func terms(_ answer: @escaping (Result<TermsOfUse?, ServiceError>) -> Void)

    func accept(
        _ terms: TermsOfUse, by person: Person, _ answer: @escaping (Result<Void, ServiceError>) -> Void)
}

/// Something that is done to a job.
public enum JobAction: Equatable, Sendable {
    /// The builder's deadline is moved to then; never to an earlier time than it is.
    case extend(until: Date)
    case hold
    case unhold
    /// - with: a person's name.
    case share(with: String)
    case unshare(with: String)
    /// The builder ends now.
    case releaseBuilder
    case cancel
}
