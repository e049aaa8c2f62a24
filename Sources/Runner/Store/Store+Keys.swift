import AuthorizedKeys
import BuildAPI
import GRDB

/// People's keys.
extension Store {
    /// The first key creates the person.
    func addKey(_ key: PublicKey, comment: String, owner name: String) throws(RunnerError) -> Key {
        try checkIsPlain(key)
        guard Self.isPersonName(name) else {
            throw RunnerError(
                .unprocessable(line: nil, key: "owner"),
                "A person's name has 1 to 64 of letters, digits, \"_\", \".\", \"~\", \"@\", \"+\" and \"-\", and not only digits."
            )
        }
        return try write { database in
            try database.execute(sql: "INSERT OR IGNORE INTO person (name) VALUES (?)", arguments: [name])
            return try insert(key, comment: comment, owner: "name = ?", [name], database)
        }
    }

    /// A key of a person who already exists.
    func addKey(_ key: PublicKey, comment: String, of person: Person) throws(RunnerError) -> Key {
        try checkIsPlain(key)
        return try write { database in
            if let taken = try self.key(key.fingerprint, database) {
                let whose = taken.owner.id == person.id ? "yours" : "someone else's"
                throw RunnerError(.conflict, "This key is already \(whose).")
            }
            return try insert(
                key, comment: comment, owner: "CAST(id AS TEXT) = ?", [person.id], database)
        }
    }

    private func checkIsPlain(_ key: PublicKey) throws(RunnerError) {
        guard !key.type.hasSuffix("-cert-v01@openssh.com") else {
            throw RunnerError(
                .unprocessable(line: nil, key: "key"),
                "This is a certificate. Add the plain key inside it.")
        }
    }

    /// - Parameter owner: a condition for the owner's row.
    private func insert(
        _ key: PublicKey, comment: String, owner: String, _ arguments: [String], _ database: Database
    ) throws -> Key {
        if let taken = try self.key(key.fingerprint, database) {
            throw RunnerError(.conflict, "This key already belongs to \(taken.owner.name).")
        }
        try database.execute(
            sql: """
                INSERT INTO key (fingerprint, type, base64, comment, person)
                VALUES (?, ?, ?, ?, (SELECT id FROM person WHERE \(owner)))
                """,
            arguments: [key.fingerprint, key.type, key.base64, String(comment.prefix(256))]
                + StatementArguments(arguments))
        guard let added = try self.key(key.fingerprint, database) else {
            throw RunnerError(.failure, "The key has not been stored.")
        }
        return added
    }

    func key(_ fingerprint: String) throws(RunnerError) -> Key? {
        try read { try self.key(fingerprint, $0) }
    }

    /// - Parameter owner: a person's name or id; nil: everyone's.
    func keys(owner: String?) throws(RunnerError) -> [Key] {
        try read { database in
            var sql = Self.selectKey
            if owner != nil { sql += " WHERE person.name = :owner OR CAST(person.id AS TEXT) = :owner" }
            return try Row.fetchAll(
                database, sql: sql + " ORDER BY person.id, key.rowid",
                arguments: owner.map { ["owner": $0, "terms": terms] } ?? ["terms": terms]
            ).map { self.key($0) }
        }
    }

    /// - Parameter owner: a person's name or id, if the key must be theirs.
    func removeKey(_ fingerprint: String, owner: String? = nil) throws(RunnerError) {
        let isRemoved = try write { database in
            try database.execute(
                sql: """
                    DELETE FROM key WHERE fingerprint = :fingerprint AND (:owner IS NULL OR person =
                        (SELECT id FROM person WHERE name = :owner OR CAST(id AS TEXT) = :owner))
                    """, arguments: ["fingerprint": fingerprint, "owner": owner])
            return database.changesCount > 0
        }
        guard isRemoved else { throw RunnerError(.notFound, "There is no such key.") }
    }

    private static let selectKey = """
        SELECT key.fingerprint, key.type, key.base64, key.comment,
            person.id, person.name, person.suspended, person.administrator,
            :terms IS NOT NULL AND NOT EXISTS
                (SELECT 1 FROM acceptance WHERE acceptance.person = person.id AND version = :terms) AS unaccepted
        FROM key JOIN person ON person.id = key.person
        """

    private func key(_ fingerprint: String, _ database: Database) throws -> Key? {
        try Row.fetchOne(
            database, sql: Self.selectKey + " WHERE key.fingerprint = :fingerprint",
            arguments: ["fingerprint": fingerprint, "terms": terms]
        ).map { key($0) }
    }

    private func key(_ row: Row) -> Key {
        Key(
            fingerprint: row["fingerprint"], type: row["type"], key: row["base64"], comment: row["comment"],
            owner: Person(id: String(row["id"] as Int64), name: row["name"]), suspended: row["suspended"],
            administrator: row["administrator"], unacceptedTerms: row["unaccepted"] ? terms : nil)
    }
}
