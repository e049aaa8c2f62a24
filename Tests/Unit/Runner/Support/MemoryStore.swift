import AuthorizedKeys
import BuildAPI
import Foundation
import Provider
import Synchronization

@testable import Runner

/// What survives the runner, for tests, in memory: with a record of what is asked, and without a disk.
///
/// It has what jobs need of people and keys; pending keys and terms belong to the database's own tests.
final class MemoryStore: Store {
    private struct State {
        var records: [Int: JobRecord] = [:]
        var manifests: [Int: Manifest] = [:]
        var over: [Int: Date] = [:]
        var last = 0
        var accounts: [Account] = []
        var keys: [Key] = []
        var requests: [String] = []
        var failure: RunnerError?
        var failing: String?
        var hold: Latch<Bool>?
        var addingHold: Latch<Bool>?
        var allocations: [AllocationRecord] = []
    }

    private let state = Mutex(State())

    /// What has been asked since the last time.
    func takeRequests() -> [String] {
        state.withLock { state in
            defer { state.requests = [] }
            return state.requests
        }
    }

    /// Everything fails with this until it is nil again.
    ///
    /// - Parameter name: the only request that fails; nil: all do.
    func fail(with error: RunnerError?, only name: String? = nil) {
        state.withLock { ($0.failure, $0.failing) = (error, name) }
    }

    /// Saving waits until it is opened; nil: it does not.
    func holdSaving(until latch: Latch<Bool>?) { state.withLock { $0.hold = latch } }

    /// Adding a machine's job waits until it is opened.
    func holdAdding(until latch: Latch<Bool>) { state.withLock { $0.addingHold = latch } }

    private func perform<Value: Sendable>(
        _ name: String, _ body: @Sendable (inout State) throws -> Value
    ) throws(RunnerError) -> Value {
        let result = state.withLock { state in
            state.requests.append(name)
            return Result { () throws -> Value in
                if let failure = state.failure, (state.failing ?? name) == name { throw failure }
                return try body(&state)
            }
        }
        do {
            return try result.get()
        } catch {
            throw error as? RunnerError ?? RunnerError(.failure, "\(error)")
        }
    }

    private static func number(_ id: JobID) -> Int? {
        Int(id.description).flatMap { "\($0)" == id.description ? $0 : nil }
    }

    // MARK: Allocations

    func save(_ record: AllocationRecord) async throws(RunnerError) {
        try perform("saveAllocation") { state in
            state.allocations.removeAll { $0.allocation.id == record.allocation.id }
            state.allocations.append(record)
        }
    }

    func allocations() async throws(RunnerError) -> [AllocationRecord] {
        try perform("allocations") { $0.allocations }
    }

    func removeAllocation(_ id: AllocationID) async throws(RunnerError) {
        try perform("removeAllocation") { state in
            state.allocations.removeAll { $0.allocation.id == id }
        }
    }

    // MARK: Jobs

    func addJob(
        _ new: NewJob, at now: Date, keepSource: @escaping @Sendable (JobID) throws -> Void
    ) async throws(RunnerError) -> JobRecord {
        try perform("addJob") { state in
            let number = state.last + 1
            let id = JobID("\(number)")!
            try keepSource(id)
            let submission = new.submission
            let job = Job(
                id: id, owner: submission.owner, submitter: submission.shownSubmitter,
                note: submission.note, status: .pending,
                pool: JobRecord.Build.shownPool(new.manifest.build.pool),
                arch: new.manifest.arch?.description,
                visibility: submission.visibility, created: now,
                tasks: new.manifest.tasks.map { .init(name: $0.name, status: .pending) },
                shell: new.manifest.shell, rerun: new.rerun, artifacts: new.artifacts)
            let record = JobRecord(job: job, build: new.build, source: new.source)
            for old in new.forgottenSources.compactMap(Self.number) { state.records[old]?.source = nil }
            state.last = number
            state.records[number] = record
            state.manifests[number] = new.manifest
            return record
        }
    }

    func addJob(
        of owner: Party, by submitter: Person, at now: Date,
        _ make: @escaping @Sendable (JobID) -> JobRecord
    ) async throws(RunnerError) -> JobRecord {
        _ = try? await state.withLock({ $0.addingHold })?.wait()
        return try perform("addJob") { state in
            state.last += 1
            let record = make(JobID("\(state.last)")!)
            state.records[state.last] = record
            return record
        }
    }

    func save(_ record: JobRecord, at now: Date) async throws(RunnerError) {
        _ = try? await state.withLock({ $0.hold })?.wait()
        try perform("save") { state in
            guard let number = Self.number(record.job.id), state.records[number] != nil else { return }
            state.records[number] = record
            state.over[number] = record.isOver ? state.over[number] ?? now : nil
        }
    }

    func job(_ id: JobID) async throws(RunnerError) -> JobRecord? {
        try perform("job") { state in Self.number(id).flatMap { state.records[$0] } }
    }

    func shownJob(_ id: JobID) async throws(RunnerError) -> ShownJob? {
        try perform("shownJob") { state in
            Self.number(id).flatMap { state.records[$0] }.map {
                ShownJob(job: $0.job, eventNumber: $0.eventNumber)
            }
        }
    }

    func manifest(of id: JobID) async throws(RunnerError) -> Manifest? {
        try perform("manifest") { state in Self.number(id).flatMap { state.manifests[$0] } }
    }

    func hasJob(_ id: JobID) async throws(RunnerError) -> Bool {
        try perform("hasJob") { state in Self.number(id).flatMap { state.records[$0] } != nil }
    }

    func jobs(
        _ filter: JobFilter, after last: JobID?, most: Int?
    ) async throws(RunnerError) -> Batch<Job, JobID> {
        try perform("jobs") { state in
            var batch = Batch<Job, JobID>(most: most)
            for job in state.records.sorted(by: { $0.key > $1.key }).map(\.value.job) {
                if filter.isLive, job.isOver { continue }
                let isTheirs = filter.owner.map { _ in
                    ([job.owner] + (filter.includesShared ? job.shares : []))
                        .contains { filter.parties.contains($0.id) }
                }
                guard isTheirs ?? true, Self.number(job.id)! < last.flatMap(Self.number) ?? .max else {
                    continue
                }
                guard batch.append(bytes: 0, { (job.id, job) }) else { break }
            }
            return batch
        }
    }

    func liveJobs() async throws(RunnerError) -> [JobRecord] {
        try perform("liveJobs") { state in
            state.records.sorted { $0.key < $1.key }.map(\.value).filter { !$0.isOver }
        }
    }

    func jobsOver(since moment: Date, behind last: JobID?, limit: Int) async throws(RunnerError) -> [JobID] {
        try perform("jobsOver") { state in
            let first = last.flatMap(Self.number) ?? 0
            return state.over.filter { $0.value <= moment && $0.key > first }.keys.sorted().prefix(limit)
                .compactMap { JobID("\($0)") }
        }
    }

    func sources(owner: Party) async throws(RunnerError) -> [(job: JobID, bytes: Int)] {
        try perform("sources") { state in
            state.records.sorted { $0.key < $1.key }.map(\.value).filter { $0.job.owner.id == owner.id }
                .compactMap { record in record.source.map { (record.job.id, $0) } }
        }
    }

    func hasSource(_ id: JobID) async throws(RunnerError) -> Bool {
        try perform("hasSource") { state in Self.number(id).flatMap { state.records[$0]?.source } != nil }
    }

    func removeJob(_ id: JobID) async throws(RunnerError) {
        try perform("removeJob") { state in
            guard let number = Self.number(id), state.records[number]?.isOver == true else { return }
            state.records[number] = nil
            state.manifests[number] = nil
            state.over[number] = nil
        }
    }

    func setBytes(ofFinished id: JobID, logs: Int) async throws(RunnerError) {
        try perform("setBytes") { _ in }
    }

    func unmeasuredJobs(behind last: JobID?, limit: Int) async throws(RunnerError) -> [JobID] { [] }

    func finishedJobs(of owner: Party) async throws(RunnerError) -> FinishedJobs {
        try perform("finishedJobs") { state in
            FinishedJobs(
                count: state.records.values.count { $0.isOver && $0.job.owner.id == owner.id }, bytes: 0)
        }
    }

    func oldestFinishedJobs(
        of owner: Party, limit: Int
    ) async throws(RunnerError) -> [FinishedJobs.Finished] {
        try perform("oldestFinishedJobs") { state in
            state.records.sorted { $0.key < $1.key }.map(\.value)
                .filter { $0.isOver && $0.job.owner.id == owner.id }.prefix(limit)
                .map { .init(id: $0.job.id, bytes: 0) }
        }
    }

    func shrink() async throws(RunnerError) { try perform("shrink") { _ in } }

    func moveDeadlines(to boot: Boot) async throws(RunnerError) -> TimeInterval {
        try perform("moveDeadlines") { _ in 0 }
    }

    // MARK: Keys and people

    func key(_ fingerprint: String) async throws(RunnerError) -> Key? {
        try perform("key") { state in state.keys.first { $0.fingerprint == fingerprint } }
    }

    func keys(
        owner: Person?, pendingAt now: Date?, limits: Set<Key.Limit>, after last: KeyPosition?, most: Int?
    ) async throws(RunnerError) -> Batch<Key, KeyPosition> {
        throw RunnerError(.failure, "There is no list of keys in memory.")
    }

    func addKey(
        _ key: PublicKey, comment: String, owner name: String, limit: AttachLimit?, at now: Date
    ) async throws(RunnerError) -> Key {
        try perform("addKey") { state in
            guard !state.keys.contains(where: { $0.fingerprint == key.fingerprint }) else {
                throw RunnerError(.conflict, "This key already belongs to a person.")
            }
            let account =
                state.accounts.first { $0.name == name }
                ?? Account(id: "\(state.accounts.count + 1)", name: name)
            if state.accounts.count < Int(account.id)! { state.accounts.append(account) }
            let added = Key(
                fingerprint: key.fingerprint, type: key.type, key: key.base64, comment: comment,
                owner: account.person, suspended: account.suspended,
                limits: limit.map { [$0.pairs ? .pair : .attach] }, expires: limit?.expires,
                from: AttachLimit.ranges(limit?.addresses), added: now)
            state.keys.append(added)
            return added
        }
    }

    func removeKey(_ fingerprint: String, owner: String?) async throws(RunnerError) {
        try perform("removeKey") { state in
            let count = state.keys.count
            state.keys.removeAll {
                $0.fingerprint == fingerprint
                    && (owner == nil || $0.owner.id == owner || $0.owner.name == owner)
            }
            guard state.keys.count < count else { throw RunnerError(.notFound, "There is no such key.") }
        }
    }

    func pendingKey(_ fingerprint: String, at now: Date) async throws(RunnerError) -> Key? { nil }

    func addPendingKey(
        _ key: PublicKey, comment: String, of person: Person, with session: String?, limit: AttachLimit?,
        at now: Date
    ) async throws(RunnerError) -> Key {
        throw RunnerError(.failure, "There are no pending keys in memory.")
    }

    func checkKey(_ fingerprint: String?, isOf person: Person) async throws(RunnerError) {}

    func confirmKey(_ fingerprint: String, word: String, at now: Date) async throws(RunnerError) -> Key {
        throw RunnerError(.notFound, "This key is not pending.")
    }

    func people(after last: Int64?, most: Int?) async throws(RunnerError) -> Batch<Account, Int64> {
        throw RunnerError(.failure, "There is no list of people in memory.")
    }

    func account(_ nameOrID: String) async throws(RunnerError) -> Account? {
        try perform("account") { state in
            state.accounts.first { $0.name == nameOrID || $0.id == nameOrID }
        }
    }

    func setSuspended(_ name: String, _ isSuspended: Bool) async throws(RunnerError) {
        try change(name) { ($0.suspended, $1.suspended) = (isSuspended, isSuspended) }
    }

    func setAdministrator(_ name: String, _ isAdministrator: Bool) async throws(RunnerError) {
        try change(name) { ($0.administrator, $1.administrator) = (isAdministrator, isAdministrator) }
    }

    func setRobot(_ name: String, _ isRobot: Bool) async throws(RunnerError) {
        try change(name) { account, _ in account.robot = isRobot ? true : nil }
    }

    func hasGroup(_ group: Group) async throws(RunnerError) -> Bool {
        try perform("hasGroup") { state in state.accounts.contains { $0.groups?.contains(group) == true } }
    }

    func setMember(_ name: String, of group: Group, _ isMember: Bool) async throws(RunnerError) {
        try change(name) { account, key in
            let others = (account.groups ?? []).filter { $0 != group }
            account.groups = isMember ? others + [group] : others
            key.groups = account.groups
        }
    }

    func jobsShared(with person: Person) async throws(RunnerError) -> [JobID] {
        try perform("jobsShared") { state in
            state.records.values.map(\.job).filter { $0.shares.contains { $0.isSame(as: person) } }.map(\.id)
        }
    }

    func removeRights(of person: Person) async throws(RunnerError) -> Bool {
        throw RunnerError(.failure, "Nobody leaves in memory.")
    }

    func forgetName(of person: Person, at now: Date) async throws(RunnerError) {
        throw RunnerError(.failure, "Nobody leaves in memory.")
    }

    /// - Parameter change: of the account, and the same of each key.
    private func change(
        _ name: String, _ change: @Sendable (inout Account, inout Key) -> Void
    ) throws(RunnerError) {
        try perform("change") { state in
            guard let index = state.accounts.firstIndex(where: { $0.name == name }) else {
                throw RunnerError(.notFound, "There is no person with this name.")
            }
            for key in state.keys.indices where state.keys[key].owner.name == name {
                change(&state.accounts[index], &state.keys[key])
            }
        }
    }

    func localKey(_ fingerprint: String) async throws(RunnerError) -> Key? { try await key(fingerprint) }

    /// Nobody asks a source in these tests.
    func origin(ofKey fingerprint: String) async throws(RunnerError) -> KeyOrigin { KeyOrigin(isLocal: true) }

    func remember(
        _ answer: SourcedPerson?, about name: String, at now: Date
    ) async throws(RunnerError) -> SourcedChange {
        throw RunnerError(.failure, "There is no source of people in memory.")
    }

    func sourcedPeople() async throws(RunnerError) -> [String: Date] { [:] }

    func forgetSourcedPeople() async throws(RunnerError) {}

    func accept(_ version: String, by person: Person, at now: Date) async throws(RunnerError) {
        try perform("accept") { _ in }
    }

    func removeAcceptances(before moment: Date) async throws(RunnerError) -> Int {
        try perform("removeAcceptances") { _ in 0 }
    }
}
