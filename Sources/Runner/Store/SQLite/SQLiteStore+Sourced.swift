import AuthorizedKeys
import BuildAPI
import FoundationEssentials
import GRDB
import KeyForms

/// What the source of people has said of them and their keys.
extension SQLiteStore {
    /// So many seconds may pass until the time of an answer is stored that says nothing new.
    private static let longestDelay = 300.0

    /// What is stored of one person's source.
    private struct Sourced {
        let id: Int64
        /// Comments, by fingerprint.
        let keys: [String: String]
        let isSuspended: Bool
        let isAdministrator: Bool
        let groups: Set<Group>
        /// Nil: it has never said anything about them.
        let seen: Date?

        func says(_ answer: SourcedPerson?, except others: [String: String]) -> Bool {
            guard let answer else { return keys.isEmpty && !isAdministrator && groups.isEmpty }
            let wanted = answer.keys.filter { others[$0.key.fingerprint] == nil }
            return seen != nil && isSuspended == answer.isSuspended
                && isAdministrator == answer.isAdministrator && groups == answer.groups
                && keys.count == wanted.count
                && wanted.allSatisfy { keys[$0.key.fingerprint] == KeyComment.shortened($0.comment) }
        }
    }

    /// Stores what the source says about someone, if it is new; nil: nobody has this name any more.
    ///
    func remember(
        _ answer: SourcedPerson?, about name: String, at now: Date
    ) async throws(RunnerError) -> SourcedChange {
        let (known, others) = try await read { database in
            (try Self.sourced(name, database), try othersKeys(in: answer, database))
        }
        if answer == nil, known == nil { return SourcedChange() }
        guard let known, known.says(answer, except: others) else {
            return try await changePeople { try store(answer, name, known, at: now, $0) }
        }
        if let seen = known.seen, now.timeIntervalSince(seen) > Self.longestDelay {
            try await write { try Self.setSeen(known.id, now, $0) }
        }
        return SourcedChange()
    }

    /// When the source was last asked about people, by their names.
    func sourcedPeople() async throws(RunnerError) -> [String: Date] {
        try await read { database in
            let rows = try Row.fetchAll(
                database, sql: "SELECT name, source_seen FROM person WHERE source_seen IS NOT NULL")
            return Dictionary(
                uniqueKeysWithValues: rows.map {
                    ($0["name"] as String, Date(timeIntervalSince1970: $0["source_seen"]))
                })
        }
    }

    /// Who has said whose key it is.
    func origin(ofKey fingerprint: String) async throws(RunnerError) -> KeyOrigin {
        try await read { database in
            try Row.fetchOne(
                database, sql: "SELECT local, sourced FROM key WHERE fingerprint = ?",
                arguments: [fingerprint]
            ).map { KeyOrigin(isLocal: permitsLocalKeys && $0["local"], isSourced: $0["sourced"]) }
        } ?? KeyOrigin()
    }

    /// Forgets all that the source has said.
    func forgetSourcedPeople() async throws(RunnerError) {
        let isEmpty = try await read { database in
            try Row.fetchOne(database, sql: "SELECT 1 FROM person WHERE source_seen IS NOT NULL") == nil
        }
        // Write nothing without need, because the disk may be full.
        guard !isEmpty else { return }
        try await changePeople { database in
            try database.execute(
                sql: """
                    DELETE FROM key WHERE sourced AND NOT local;
                    UPDATE key SET sourced = FALSE WHERE sourced;
                    DELETE FROM membership WHERE NOT local;
                    UPDATE membership SET sourced = FALSE WHERE sourced;
                    UPDATE person SET source_suspended = FALSE, source_administrator = FALSE, source_seen = NULL
                    """)
        }
    }

    // MARK: Rows

    private func store(
        _ answer: SourcedPerson?, _ name: String, _ known: Sourced?, at now: Date, _ database: Database
    ) throws -> SourcedChange {
        try database.execute(sql: "INSERT OR IGNORE INTO person (name) VALUES (?)", arguments: [name])
        let id = try Int64.fetchOne(database, sql: "SELECT id FROM person WHERE name = ?", arguments: [name])
        guard let id else { throw RunnerError(.failure, "The person has not been stored.") }
        // Someone who was suspended stays so when the source no longer knows them: a key that was added here may be left.
        try database.execute(
            sql: """
                UPDATE person SET source_suspended = \(answer == nil ? "source_suspended" : ":suspended"),
                    source_administrator = :administrator WHERE id = :id
                """,
            arguments: answer.map {
                ["suspended": $0.isSuspended, "administrator": $0.isAdministrator, "id": id]
            } ?? ["administrator": false, "id": id])
        try Self.setSeen(id, now, database)
        let groups = answer?.groups ?? []
        for gone in (known?.groups ?? []).subtracting(groups) {
            try Self.setMember(id, of: gone, false, by: "sourced", database)
        }
        for new in groups.subtracting(known?.groups ?? []) {
            try Self.setMember(id, of: new, true, by: "sourced", database)
        }
        let wanted = Set(answer?.keys.map(\.key.fingerprint) ?? [])
        for gone in Set(known?.keys.keys.map { $0 } ?? []).subtracting(wanted) {
            try database.execute(
                sql: """
                    DELETE FROM key WHERE fingerprint = :gone AND person = :id AND NOT local;
                    UPDATE key SET sourced = FALSE WHERE fingerprint = :gone AND person = :id;
                    DELETE FROM pending_key WHERE added_with = :gone AND person = :id
                    """, arguments: ["gone": gone, "id": id])
        }
        var change = SourcedChange(people: [Person(id: String(id), name: name)])
        change.contested = try othersKeys(in: answer, database)
        for key in answer?.keys ?? [] where change.contested[key.key.fingerprint] == nil {
            try take(key, for: id, isFirst: known?.seen == nil, at: now, &change, database)
        }
        return change
    }

    /// Stores a key that is nobody else's.
    private func take(
        _ key: SubmittedKeys.Key, for person: Int64, isFirst: Bool, at now: Date,
        _ change: inout SourcedChange, _ database: Database
    ) throws {
        let holder = try Row.fetchOne(
            database,
            sql: """
                SELECT key.local, key.attaches, key.pairs, key.expires, key.addresses, key.sourced, key.comment,
                    key.added, person.id, person.name
                FROM key JOIN person ON person.id = key.person WHERE fingerprint = ?
                """, arguments: [key.key.fingerprint])
        let isTheirs = (holder?["id"] as Int64?) == person
        if let holder, isTheirs, holder["sourced"],
            holder["comment"] == KeyComment.shortened(key.comment)
        {
            return
        }
        try database.execute(
            sql: """
                INSERT OR REPLACE INTO key (
                    fingerprint, type, base64, comment, person, added, local, attaches, pairs, expires, addresses,
                    sourced)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, TRUE)
                """,
            arguments: [
                key.key.fingerprint, key.key.type, key.key.base64, KeyComment.shortened(key.comment), person,
                isTheirs ? holder?["added"] as Double? : isFirst ? nil : now.timeIntervalSince1970,
                isTheirs && holder?["local"] == true,
                // What an operator has limited stays so.
                isTheirs && holder?["attaches"] == true, isTheirs && holder?["pairs"] == true,
                isTheirs ? holder?["expires"] as Double? : nil,
                isTheirs ? holder?["addresses"] as String? : nil,
            ])
        try removePendingKey(key.key.fingerprint, of: nil, database)
        guard let holder, !isTheirs else { return }
        change.people.append(Person(id: String(holder["id"] as Int64), name: holder["name"]))
    }

    private static func setSeen(_ person: Int64, _ now: Date, _ database: Database) throws {
        try database.execute(
            sql: "UPDATE person SET source_seen = ? WHERE id = ?",
            arguments: [now.timeIntervalSince1970, person])
    }

    private static func sourced(_ name: String, _ database: Database) throws -> Sourced? {
        let person = try Row.fetchOne(
            database,
            sql: """
                SELECT id, source_suspended, source_administrator, source_seen FROM person WHERE name = ?
                """, arguments: [name])
        guard let person else { return nil }
        let keys = try Row.fetchAll(
            database, sql: "SELECT fingerprint, comment FROM key WHERE person = ? AND sourced",
            arguments: [person["id"] as Int64])
        let groups = try String.fetchSet(
            database, sql: #"SELECT "group" FROM membership WHERE person = ? AND sourced"#,
            arguments: [person["id"] as Int64])
        return Sourced(
            id: person["id"],
            keys: Dictionary(
                uniqueKeysWithValues: keys.map { ($0["fingerprint"] as String, $0["comment"] as String) }),
            isSuspended: person["source_suspended"], isAdministrator: person["source_administrator"],
            groups: Set(groups.map { Group(name: $0) }),
            seen: (person["source_seen"] as Double?).map { Date(timeIntervalSince1970: $0) })
    }

    /// Those of the keys that are another person's, with the names of their holders. A key is one person's: that of the
    /// person for whom someone has added it here, or of the first for whom the source has named it, until it no longer does.
    private func othersKeys(in answer: SourcedPerson?, _ database: Database) throws -> [String: String] {
        var holders: [String: String] = [:]
        for key in answer?.keys ?? [] {
            holders[key.key.fingerprint] = try String.fetchOne(
                database,
                sql: """
                    SELECT name FROM key JOIN person ON person.id = key.person
                    WHERE fingerprint = :key AND name != :name AND (sourced OR local AND :permitsLocal)
                    """,
                arguments: [
                    "key": key.key.fingerprint, "name": answer?.name, "permitsLocal": permitsLocalKeys,
                ])
        }
        return holders
    }
}
