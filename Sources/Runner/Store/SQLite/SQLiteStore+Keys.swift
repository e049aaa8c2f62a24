import AuthorizedKeys
import BuildAPI
import FoundationEssentials
import GRDB
import KeyForms

/// People's keys.
extension SQLiteStore {
    /// The most keys of one person, pending ones included.
    static let keysPerPerson = 50

    /// Makes a key a person's at once; the first key creates the person. Others for whom it was pending do not get it.
    func addKey(
        _ key: PublicKey, comment: String, owner name: String, limit: AttachLimit?, at now: Date
    ) async throws(RunnerError) -> Key {
        try checkIsPlain(key)
        guard Self.isName(name) else {
            throw RunnerError(
                .unprocessable(line: nil, key: "owner"),
                "A person's \(Self.nameRule)"
            )
        }
        return try await changePeople { database in
            if let taken = try self.key(key.fingerprint, database) {
                throw RunnerError(.conflict, "This key already belongs to \(taken.owner.name).")
            }
            try database.execute(sql: "INSERT OR IGNORE INTO person (name) VALUES (?)", arguments: [name])
            let person = try Int64.fetchOne(
                database, sql: "SELECT id FROM person WHERE name = ?", arguments: [name])
            guard let person else { throw RunnerError(.failure, "The person has not been stored.") }
            if limit == nil { try checkIsNoRobot(person, name, database) }
            try removePendingKey(key.fingerprint, of: person, database)
            try checkNumberOfKeys(of: person, at: now, database)
            return try insert(
                key.fingerprint, (key.type, key.base64, comment), owner: person, limit: limit, at: now,
                database)
        }
    }

    func checkIsPlain(_ key: PublicKey) throws(RunnerError) {
        guard !key.type.hasSuffix("-cert-v01@openssh.com") else {
            throw RunnerError(
                .unprocessable(line: nil, key: "key"),
                "This is a certificate. Add the plain key inside it.")
        }
    }

    /// Throws if the person has as many keys as one person can have.
    func checkNumberOfKeys(of person: Int64, at now: Date, _ database: Database) throws {
        let count = try Int.fetchOne(
            database,
            sql: """
                SELECT (SELECT COUNT(*) FROM key WHERE person = :person)
                    + (SELECT COUNT(*) FROM pending_key WHERE person = :person AND expires > :now)
                """, arguments: ["person": person, "now": now.timeIntervalSince1970])
        guard let count, count >= Self.keysPerPerson else { return }
        throw RunnerError(
            .tooMany(Quota(what: "keys", limit: Self.keysPerPerson)),
            "This person already has \(Self.keysPerPerson) keys, which is the limit: remove one first.",
            limit: .keysPerPerson)
    }

    /// Nobody has this key yet. It is no longer pending for anyone.
    func insert(
        _ fingerprint: String, _ parts: (type: String, base64: String, comment: String), owner: Int64,
        limit: AttachLimit? = nil, at now: Date, _ database: Database
    ) throws -> Key {
        try database.execute(
            sql: """
                INSERT INTO key (fingerprint, type, base64, comment, person, added, attaches, pairs, expires, addresses)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                fingerprint, parts.type, parts.base64, KeyComment.shortened(parts.comment), owner,
                now.timeIntervalSince1970, limit?.pairs == false, limit?.pairs == true,
                limit?.expires?.timeIntervalSince1970, limit?.addresses,
            ])
        try removePendingKey(fingerprint, of: nil, database)
        guard let added = try key(fingerprint, database) else {
            throw RunnerError(.failure, "The key has not been stored.")
        }
        return added
    }

    /// Whose key it is. Pending keys are nobody's, and are not found.
    func key(_ fingerprint: String) async throws(RunnerError) -> Key? {
        try await knownKeys.find(fingerprint) { () async throws(RunnerError) in
            try await read { try key(fingerprint, $0) }
        }
    }

    func localKey(_ fingerprint: String) async throws(RunnerError) -> Key? {
        guard permitsLocalKeys else { return nil }
        let select = Self.select(
            from: "(SELECT rowid, * FROM key WHERE local)",
            administrator: "person.administrator", groups: Self.groups(where: "local"))
        return try await read { database in
            try Row.fetchOne(
                database, sql: select + " WHERE it.fingerprint = :fingerprint",
                arguments: ["fingerprint": fingerprint, "terms": terms]
            ).map { key($0) }
        }
    }

    /// Throws if the key is not that person's.
    ///
    /// - Parameter fingerprint: of the key with which they have logged in; nil: unknown.
    func checkKey(_ fingerprint: String?, isOf person: Person) async throws(RunnerError) {
        guard let fingerprint else { return }
        guard let key = try await key(fingerprint), key.owner.isSame(as: person), key.isUnlimited else {
            throw RunnerError(
                .forbidden, "The key with which you have logged in is no longer yours.")
        }
    }

    /// What has been added with it, and is still pending, is removed as well: the person may not have added that.
    ///
    /// - Parameter owner: a person's name or id, if the key must be theirs; nil: it is no longer pending for anyone either.
    func removeKey(_ fingerprint: String, owner: String? = nil) async throws(RunnerError) {
        let isRemoved = try await changePeople { database in
            func delete(from table: String, _ column: String) throws -> Bool {
                try database.execute(
                    sql: """
                        DELETE FROM \(table) WHERE \(column) = :fingerprint AND (:owner IS NULL OR person =
                            (SELECT id FROM person WHERE name = :owner OR CAST(id AS TEXT) = :owner))
                        """, arguments: ["fingerprint": fingerprint, "owner": owner])
                return database.changesCount > 0
            }
            let isRemoved = [
                try delete(from: "key", "fingerprint"), try delete(from: "pending_key", "fingerprint"),
            ].contains(true)
            if isRemoved { _ = try delete(from: "pending_key", "added_with") }
            return isRemoved
        }
        guard isRemoved else { throw RunnerError(.notFound, "There is no such key.") }
    }

    // MARK: Rows

    /// The keys that count.
    var keyTable: String {
        permitsLocalKeys ? "key" : "(SELECT rowid, * FROM key WHERE sourced)"
    }

    /// What an operator says counts, and so does what the source says.
    static let isSuspended = "(person.suspended OR person.source_suspended)"
    static let isAdministrator = "(person.administrator OR person.source_administrator)"

    /// - Parameters:
    ///   - table: `key` or `pending_key`, or a part of it.
    ///   - isPending: whether it is that of the pending keys.
    ///   - administrator: an expression.
    ///   - groups: an expression.
    static func select(
        from table: String, isPending: Bool = false, administrator: String = isAdministrator,
        groups: String = groups(where: "TRUE")
    ) -> String {
        """
        SELECT it.fingerprint, it.type, it.base64, it.comment, it.added, it.expires,
            \(isPending ? 1 : 0) AS pending, it.attaches, \(isPending ? "FALSE" : "it.pairs") AS pairs,
            it.addresses, it.rowid AS number,
            person.id, person.name, \(isSuspended) AS suspended, \(administrator) AS administrator, \(groups) AS groups,
            :terms IS NOT NULL AND NOT EXISTS
                (SELECT 1 FROM acceptance WHERE acceptance.person = person.id AND version = :terms) AS unaccepted
        FROM \(table) AS it JOIN person ON person.id = it.person
        """
    }

    func key(_ fingerprint: String, _ database: Database) throws -> Key? {
        try Row.fetchOne(
            database,
            sql: Self.select(from: keyTable) + " WHERE it.fingerprint = :fingerprint",
            arguments: ["fingerprint": fingerprint, "terms": terms]
        ).map { key($0) }
    }

    /// Earlier versions have stored comments of any length.
    func key(_ row: Row) -> Key {
        let (added, expires) = (row["added"] as Double?, row["expires"] as Double?)
        return Key(
            fingerprint: row["fingerprint"], type: row["type"], key: row["base64"],
            comment: KeyComment.shortened(row["comment"]),
            owner: Person(id: String(row["id"] as Int64), name: row["name"]), suspended: row["suspended"],
            administrator: row["administrator"], groups: Self.groups(row),
            unacceptedTerms: row["unaccepted"] ? terms : nil,
            limits: Self.limits(row),
            expires: expires.map { Date(timeIntervalSince1970: $0) },
            from: AttachLimit.ranges(row["addresses"]),
            added: added.map { Date(timeIntervalSince1970: $0) })
    }

    private static func limits(_ row: Row) -> [Key.Limit]? {
        let columns: [(String, Key.Limit)] = [("pending", .confirm), ("attaches", .attach), ("pairs", .pair)]
        let limits = columns.filter { row[$0.0] }.map(\.1)
        return limits.isEmpty ? nil : limits
    }
}
