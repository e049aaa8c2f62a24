import BuildAPI
import FoundationEssentials
import GRDB

/// Lists of any length, one batch after the other. Nothing that waits for the database waits for them.
///
/// A position in a list stays valid when the element there is removed.
extension SQLiteStore {
    /// The newest first.
    func jobs(
        _ filter: JobFilter, after last: JobID?, most: Int?
    ) async throws(RunnerError) -> Batch<Job, JobID> {
        try await read { try Self.jobs(filter, after: last, most: most, $0) }
    }

    /// By their owners, and then as they were added; pending ones after the others.
    ///
    /// - Parameters:
    ///   - owner: nil: everyone's.
    ///   - now: with the keys that are pending then; nil: without pending ones.
    ///   - limits: those of the keys that are listed, besides the pending ones.
    func keys(
        owner: Person?, pendingAt now: Date?, limits: Set<Key.Limit>, after last: KeyPosition?, most: Int?
    ) async throws(RunnerError) -> Batch<Key, KeyPosition> {
        try await read {
            try keys(owner: owner, pendingAt: now, limits: limits, after: last, most: most, $0)
        }
    }

    /// Everyone, in the order in which they were added.
    func people(after last: Int64?, most: Int?) async throws(RunnerError) -> Batch<Account, Int64> {
        try await read { try Self.people(after: last, most: most, $0) }
    }

    // MARK: Rows

    /// Only the numbers are searched and sorted, and a record is read when it is certain that it is wanted.
    static func jobs(
        _ filter: JobFilter, after last: JobID?, most: Int?, _ database: Database
    ) throws -> Batch<Job, JobID> {
        var batch = Batch<Job, JobID>(most: most)
        let place = last.map { number($0) ?? 0 }
        guard try hasBeen(place, in: "job", database) else {
            throw RunnerError(.malformedRequest, "There has never been a job with this id.")
        }
        var arguments: StatementArguments = ["before": place ?? Int64.max]
        if filter.owner != nil {
            arguments += [
                "parties": String(decoding: try JSONEncoder().encode(filter.parties), as: UTF8.self)
            ]
        }
        let numbers = try Int64.fetchCursor(database, sql: select(filter), arguments: arguments)
        let records = try database.cachedStatement(sql: "SELECT record FROM job WHERE id = ?")
        while let number = try numbers.next() {
            guard let record = try Data.fetchOne(records, arguments: [number]) else { continue }
            let isThere = try batch.append(bytes: record.count) {
                let job = try shownJob(record).job
                return (job.id, job)
            }
            guard isThere else { break }
        }
        return batch
    }

    private static func select(_ filter: JobFilter) -> String {
        // The index has the live jobs only: they are few among someone's many.
        let jobs = filter.isLive ? "job INDEXED BY job_live WHERE live AND live = TRUE AND" : "job WHERE"
        var select = "SELECT id FROM \(jobs) id < :before"
        let parties = "IN (SELECT value FROM json_each(:parties))"
        if filter.owner != nil { select += " AND owner \(parties)" }
        if filter.owner != nil, filter.includesShared {
            select += """
                 UNION SELECT share.job FROM share JOIN job ON job.id = share.job
                WHERE share.party \(parties) AND share.job < :before\(filter.isLive ? " AND live" : "")
                """
        }
        return select + " ORDER BY id DESC"
    }

    func keys(
        owner: Person?, pendingAt now: Date?, limits: Set<Key.Limit> = [], after last: KeyPosition?,
        most: Int?,
        _ database: Database
    ) throws -> Batch<Key, KeyPosition> {
        var batch = Batch<Key, KeyPosition>(most: most)
        guard try Self.hasBeen(last?.person, in: "person", database) else {
            throw RunnerError.unknownPosition
        }
        var arguments: StatementArguments = [
            "person": last?.person ?? 0, "pending": last?.isPending ?? false, "number": last?.row ?? 0,
            "terms": terms,
        ]
        if let owner { arguments += ["owner": owner.id] }
        if let now { arguments += ["now": now.timeIntervalSince1970] }
        let rows = try Row.fetchCursor(
            database,
            sql: selectKeys(isOfOne: owner != nil, includesPending: now != nil, limits),
            arguments: arguments)
        while let row = try rows.next() {
            let key = key(row)
            let position = KeyPosition(
                person: row["id"], isPending: row["pending"], row: row["number"])
            let bytes = key.key.utf8.count + key.comment.utf8.count
            guard batch.append(bytes: bytes, { (position, key) }) else { break }
        }
        return batch
    }

    /// Both tables are read in the order of the list, so that nothing is sorted, and nothing is read twice.
    private func selectKeys(isOfOne: Bool, includesPending: Bool, _ limits: Set<Key.Limit>) -> String {
        let owner = isOfOne ? " AND person.id = :owner" : ""
        func rest(_ pending: Int) -> String {
            " WHERE (person.id, \(pending), it.rowid) > (:person, :pending, :number)\(owner)"
        }
        var select = Self.select(from: keyTable) + rest(0)
        let others = limits.contains(.attach) ? "" : " AND NOT it.attaches"
        select += others + (limits.contains(.pair) ? "" : " AND NOT it.pairs")
        if includesPending {
            select +=
                " UNION ALL " + Self.select(from: "pending_key", isPending: true) + rest(1)
                + " AND it.expires > :now" + others
        }
        return select + " ORDER BY id, pending, number"
    }

    static func people(
        after last: Int64?, most: Int?, _ database: Database
    ) throws -> Batch<Account, Int64> {
        var batch = Batch<Account, Int64>(most: most)
        guard try hasBeen(last, in: "person", database) else { throw RunnerError.unknownPosition }
        let rows = try Row.fetchCursor(
            database, sql: selectPerson + " WHERE id > ? ORDER BY id", arguments: [last ?? 0])
        while let row = try rows.next() {
            guard batch.append(bytes: 0, { (row["id"], account(row)) }) else { break }
        }
        return batch
    }

    /// Whether the number has ever been given out, even if what had it has been removed since. Nil: no number is meant.
    private static func hasBeen(_ number: Int64?, in table: String, _ database: Database) throws -> Bool {
        guard let number else { return true }
        let last = try Int64.fetchOne(
            database, sql: "SELECT seq FROM sqlite_sequence WHERE name = ?", arguments: [table])
        return number > 0 && number <= last ?? 0
    }
}
