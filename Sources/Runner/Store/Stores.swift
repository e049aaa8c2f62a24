import AuthorizedKeys
import BuildAPI
import FoundationEssentials
import Provider

/// What survives the runner. ``SQLiteStore`` is the one that it uses.
typealias Store = JobStore & AllocationStore & KeyStore & PeopleStore & TermsStore

/// A job that is about to be stored.
struct NewJob: Sendable {
    var submission: Submission
    var manifest: Manifest
    /// Bytes of its source; nil: there is none.
    var source: Int?
    /// Jobs whose sources are no longer kept once there is this one.
    var forgottenSources: [JobID] = []
    /// The finished job that it is made of; nil: of none.
    var rerun: Job.Rerun?

    /// What the job's manifest wants to be kept, as the API shows it. Where nothing is run, there is nothing to keep.
    var artifacts: Job.Artifacts? { rerun?.fresh == true ? nil : manifest.artifacts?.shown }

    /// What the manifest says about the job as a whole. Where nothing is run, the builder is kept in any case.
    var build: JobRecord.Build {
        var build = manifest.build
        if rerun?.fresh == true { build.keep = .always }
        return build
    }
}

/// Who has said whose a key is: both can have.
struct KeyOrigin: Equatable, Sendable {
    /// An operator, or its holder; and that counts.
    var isLocal = false
    /// The source of people.
    var isSourced = false
}

/// What is new in an answer of the source of people.
struct SourcedChange: Equatable, Sendable {
    /// Those for whom something has changed.
    var people: [Person] = []
    /// The keys that it names for someone, although they are another person's, and the names of these.
    var contested: [String: String] = [:]
}

/// Jobs: what there is to know about each, and its manifest, which never changes.
protocol JobStore: Sendable {
    /// Stores a new job under the next number.
    ///
    /// - Parameter keepSource: puts the source where the job will look for it. If that fails, there is no job.
    func addJob(
        _ new: NewJob, at now: Date, keepSource: @escaping @Sendable (JobID) throws -> Void
    ) async throws(RunnerError) -> JobRecord
    /// Stores a job without a manifest under the next number.
    ///
    /// - Parameter record: makes it.
    func addJob(
        of owner: Party, by submitter: Person, at now: Date,
        _ record: @escaping @Sendable (JobID) -> JobRecord
    ) async throws(RunnerError) -> JobRecord
    /// A job ends only once: storing it again later does not change when it ended.
    func save(_ record: JobRecord, at now: Date) async throws(RunnerError)
    func job(_ id: JobID) async throws(RunnerError) -> JobRecord?
    func shownJob(_ id: JobID) async throws(RunnerError) -> ShownJob?
    func manifest(of id: JobID) async throws(RunnerError) -> Manifest?
    func hasJob(_ id: JobID) async throws(RunnerError) -> Bool
    /// The newest first: one batch of a list.
    func jobs(
        _ filter: JobFilter, after last: JobID?, most: Int?
    ) async throws(RunnerError) -> Batch<Job, JobID>
    /// Everything that an earlier runner has left unfinished, oldest first.
    func liveJobs() async throws(RunnerError) -> [JobRecord]
    /// Jobs that ended then or earlier, oldest first: at most that many, after that one.
    func jobsOver(since moment: Date, behind last: JobID?, limit: Int) async throws(RunnerError) -> [JobID]
    /// The sources that are kept of an owner's jobs, oldest first.
    func sources(owner: Party) async throws(RunnerError) -> [(job: JobID, bytes: Int)]
    /// Whether a source of this job is kept.
    func hasSource(_ id: JobID) async throws(RunnerError) -> Bool
    func removeJob(_ id: JobID) async throws(RunnerError)
    /// Notes how many bytes the logs of a finished job have, which count with its manifest.
    func setBytes(ofFinished id: JobID, logs: Int) async throws(RunnerError)
    /// Finished jobs whose bytes have not been noted, oldest first: at most that many, after that one.
    func unmeasuredJobs(behind last: JobID?, limit: Int) async throws(RunnerError) -> [JobID]
    /// What the finished jobs of an owner take.
    func finishedJobs(of owner: Party) async throws(RunnerError) -> FinishedJobs
    /// Those that ended first: at most that many.
    func oldestFinishedJobs(
        of owner: Party, limit: Int
    ) async throws(RunnerError) -> [FinishedJobs.Finished]
    /// Gives the space of what has been removed back to the host.
    func shrink() async throws(RunnerError)
    /// Moves every deadline by as much as the wall clock has been set while this host was up: something due in ten
    /// minutes is still due in ten minutes.
    ///
    /// - Returns: by how many seconds.
    func moveDeadlines(to boot: Boot) async throws(RunnerError) -> TimeInterval
}

/// Allocations that their providers have not released yet.
protocol AllocationStore: Sendable {
    /// Stores it, or what has become of it.
    func save(_ record: AllocationRecord) async throws(RunnerError)
    /// The oldest first.
    func allocations() async throws(RunnerError) -> [AllocationRecord]
    /// It has been released.
    func removeAllocation(_ id: AllocationID) async throws(RunnerError)
}

/// People's keys, and those that are pending.
protocol KeyStore: Sendable {
    /// Whose key it is. Pending keys are nobody's, and are not found.
    func key(_ fingerprint: String) async throws(RunnerError) -> Key?
    /// By their owners, and then as they were added; pending ones after the others.
    ///
    /// - Parameters:
    ///   - owner: nil: everyone's.
    ///   - now: with the keys that are pending then; nil: without pending ones.
    ///   - limits: those of the keys that are listed, besides the pending ones.
    func keys(
        owner: Person?, pendingAt now: Date?, limits: Set<Key.Limit>, after last: KeyPosition?, most: Int?
    ) async throws(RunnerError) -> Batch<Key, KeyPosition>
    /// Makes a key a person's at once; the first key creates the person. Others for whom it was pending do not get it.
    ///
    /// - Parameter limit: for a key that is good for attaching or pairing only; nil: it is good for everything.
    func addKey(
        _ key: PublicKey, comment: String, owner name: String, limit: AttachLimit?, at now: Date
    ) async throws(RunnerError) -> Key
    /// What has been added with it, and is still pending, is removed as well: the person may not have added that.
    ///
    /// - Parameter owner: a person's name or id, if the key must be theirs; nil: it is no longer pending for anyone either.
    func removeKey(_ fingerprint: String, owner: String?) async throws(RunnerError)
    /// A key that someone has added here, without what the source says of its owner. That they are suspended counts still.
    func localKey(_ fingerprint: String) async throws(RunnerError) -> Key?
    /// Who has said whose key it is.
    func origin(ofKey fingerprint: String) async throws(RunnerError) -> KeyOrigin
    /// One of the people for whom the key is pending.
    func pendingKey(_ fingerprint: String, at now: Date) async throws(RunnerError) -> Key?
    /// Adds a key that waits until its holder enters the word in the answer. A second time, the word is another one.
    ///
    /// Whose key it is already is not revealed, unless it is that person's.
    ///
    /// - Parameters:
    ///   - session: the fingerprint of the key with which the person has added it; nil: unknown.
    ///   - limit: what it is limited to when it is confirmed; nil: it is good for everything then.
    func addPendingKey(
        _ key: PublicKey, comment: String, of person: Person, with session: String?, limit: AttachLimit?,
        at now: Date
    ) async throws(RunnerError) -> Key
    /// Throws if the key is not that person's.
    ///
    /// - Parameter fingerprint: of the key with which they have logged in; nil: unknown.
    func checkKey(_ fingerprint: String?, isOf person: Person) async throws(RunnerError)
    /// Gives the key to the person for whom this word was.
    ///
    /// - Parameter word: as the key's holder entered it.
    func confirmKey(_ fingerprint: String, word: String, at now: Date) async throws(RunnerError) -> Key
}

/// People: who they are, and their rights.
protocol PeopleStore: Sendable {
    /// Everyone, in the order in which they were added.
    func people(after last: Int64?, most: Int?) async throws(RunnerError) -> Batch<Account, Int64>
    /// - Parameter nameOrID: ids consist of digits only, names never do.
    func account(_ nameOrID: String) async throws(RunnerError) -> Account?
    /// A suspended person has no rights.
    func setSuspended(_ name: String, _ isSuspended: Bool) async throws(RunnerError)
    func setAdministrator(_ name: String, _ isAdministrator: Bool) async throws(RunnerError)
    /// Makes someone a robot, whom this creates if need be, or an ordinary person again.
    func setRobot(_ name: String, _ isRobot: Bool) async throws(RunnerError)
    /// Whether someone is in a group.
    func hasGroup(_ group: Group) async throws(RunnerError) -> Bool
    /// Puts a person into a group, or takes them out of it. Its first member creates a group.
    func setMember(_ name: String, of group: Group, _ isMember: Bool) async throws(RunnerError)
    /// Where somebody is let in, in order.
    func jobsShared(with person: Person) async throws(RunnerError) -> [JobID]
    /// Takes away what has been given to someone here: keys, pending ones too, groups, and whether they are an administrator or a
    /// robot.
    ///
    /// - Returns: whether they still have some of it, because the source of people says so.
    func removeRights(of person: Person) async throws(RunnerError) -> Bool
    /// Makes someone's id their name, also in every stored job. No name that anybody chooses is one.
    func forgetName(of person: Person, at now: Date) async throws(RunnerError)
    /// Stores what the source says about someone, if it is new; nil: nobody has this name any more.
    func remember(
        _ answer: SourcedPerson?, about name: String, at now: Date
    ) async throws(RunnerError) -> SourcedChange
    /// When the source was last asked about people, by their names.
    func sourcedPeople() async throws(RunnerError) -> [String: Date]
    /// Forgets all that the source has said.
    func forgetSourcedPeople() async throws(RunnerError)
}

/// The terms of use that people have accepted.
protocol TermsStore: Sendable {
    /// Records that a person has accepted the terms of use. The first time is kept.
    func accept(_ version: String, by person: Person, at now: Date) async throws(RunnerError)
    /// Forgets who has accepted other terms than those in force, longer ago than that.
    ///
    /// - Returns: how many acceptances these were.
    func removeAcceptances(before moment: Date) async throws(RunnerError) -> Int
}

extension JobStore {
    func addJob(_ new: NewJob, at now: Date) async throws(RunnerError) -> JobRecord {
        try await addJob(new, at: now) { _ in }
    }

}

extension KeyStore {
    func addPendingKey(
        _ key: PublicKey, comment: String, of person: Person, with session: String?, at now: Date
    ) async throws(RunnerError) -> Key {
        try await addPendingKey(key, comment: comment, of: person, with: session, limit: nil, at: now)
    }

    func addKey(
        _ key: PublicKey, comment: String, owner name: String, at now: Date
    ) async throws(RunnerError) -> Key {
        try await addKey(key, comment: comment, owner: name, limit: nil, at: now)
    }
}

extension PeopleStore {
    func person(_ nameOrID: String) async throws(RunnerError) -> Person? {
        try await account(nameOrID)?.person
    }
}
