public import BuildAPI
public import FoundationEssentials

/// What people do with their jobs and keys: the requests of API v1 that entering a builder does not need.
///
/// Calls work like those of ``BuildService``. A service without them fails with `notOffered`.
public protocol SelfService: AnyObject {
    /// Newest first.
    ///
    /// - Parameters:
    ///   - owner: a person's name or id; nil, for operators only: everyone's jobs.
    ///   - shared: also those that others share with the owner, if the service can tell.
    func jobs(
        owner: String?, live: Bool, shared: Bool, page: PageRequest,
        _ answer: @escaping (Result<JobList, ServiceError>) -> Void)

    /// What jobs can start from.
    func images(_ answer: @escaping (Result<[Image], ServiceError>) -> Void)

    /// Where builders come from, and what is free there.
    func pools(_ answer: @escaping (Result<PoolList, ServiceError>) -> Void)

    /// - Parameter manifest: the bytes of a manifest in YAML.
    func submit(
        manifest: [UInt8], _ options: SubmissionOptions,
        _ answer: @escaping (Result<Job, ServiceError>) -> Void)

    /// Submits a manifest together with the source that it is about.
    ///
    /// - Parameters:
    ///   - source: a tar archive, plain or compressed with gzip.
    ///   - manifest: the path of the manifest in the archive; nil: the service's usual one.
    func submit(
        source: any ByteSource, manifest: String?, _ options: SubmissionOptions,
        _ answer: @escaping (Result<Job, ServiceError>) -> Void)

    /// Makes a new job of a finished one, and answers with that. It is the same owner's.
    ///
    /// - Parameter person: the person who asks.
    func rerun(
        _ job: JobID, _ wish: NewRerun, for person: Person,
        _ answer: @escaping (Result<Job, ServiceError>) -> Void)

    /// Answers with the job after the change.
    ///
    /// - Parameter person: the person who asks, for the service's records; nil, for operators only: nobody in particular.
    func perform(
        _ action: JobAction, on job: JobID, for person: Person?,
        _ answer: @escaping (Result<Job, ServiceError>) -> Void)

    /// The keys of one person, the first ones added first. They are few enough for one page.
    ///
    /// - Parameter owner: a person's name or id.
    func keys(owner: String, _ answer: @escaping (Result<KeyList, ServiceError>) -> Void)

    /// A service can answer with a key that is pending, and with the word that confirms it.
    ///
    /// - Parameter session: the fingerprint of the key with which the owner has logged in, for a service that checks this
    ///   too; nil, for operators.
    func add(
        _ key: NewKey, with session: String?, _ answer: @escaping (Result<Key, ServiceError>) -> Void)

    /// Makes a pending key that of the person for whom the word was. `notPermitted`: the word is wrong; `noSuchKey`: the key
    /// is not pending; `conflict`: it belongs to someone.
    func confirmKey(
        _ fingerprint: String, _ confirmation: KeyConfirmation,
        _ answer: @escaping (Result<Key, ServiceError>) -> Void)

    /// - Parameter owner: whose key it must be; nil, for operators only: anyone's.
    func removeKey(
        _ fingerprint: String, owner: String?, _ answer: @escaping (Result<Void, ServiceError>) -> Void)

    /// The current terms of use. Nil: there are none.
    func terms(_ answer: @escaping (Result<TermsOfUse?, ServiceError>) -> Void)

    func accept(
        _ terms: TermsOfUse, by person: Person, _ answer: @escaping (Result<Void, ServiceError>) -> Void)
}

/// A change to a job.
public enum JobAction: Equatable, Sendable {
    /// Moves the builder's deadline to this time, but never to an earlier one than it has.
    case extend(until: Date)
    case hold
    case unhold
    /// - with: a person's name, or a group's after an `@`.
    case share(with: String)
    case unshare(with: String)
    /// Ends the builder now.
    case releaseBuilder
    case cancel
}
