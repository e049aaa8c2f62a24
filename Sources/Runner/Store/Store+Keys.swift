import AuthorizedKeys
import BuildService
import GRDB

/// People and their keys.
extension Store {
    /// People come into being with their first key.
    func addKey(_ key: PublicKey, comment: String, owner name: String) throws(RunnerError) -> Key {
        guard Self.isPersonName(name) else {
            throw RunnerError(
                .unprocessable(line: nil, key: "owner"),
                "A person's name has 1 to 64 of letters, digits, \"_\", \".\", \"~\", \"@\", \"+\" and \"-\", not digits alone."
            )
        }
        guard !key.type.hasSuffix("-cert-v01@openssh.com") else {
            throw RunnerError(
                .unprocessable(line: nil, key: "key"),
                "This is a certificate; add the plain key that is inside it.")
        }
        return try write { database in
            if let taken = try Self.key(key.fingerprint, database) {
                throw RunnerError(.conflict, "This key is \(taken.owner.name)'s already.")
            }
            try database.execute(sql: "INSERT OR IGNORE INTO person (name) VALUES (?)", arguments: [name])
            try database.execute(
                sql: """
                    INSERT INTO key (fingerprint, type, base64, comment, person)
                    VALUES (?, ?, ?, ?, (SELECT id FROM person WHERE name = ?))
                    """,
                arguments: [key.fingerprint, key.type, key.base64, String(comment.prefix(256)), name])
            guard let added = try Self.key(key.fingerprint, database) else {
                throw RunnerError(.failure, "The key has not been stored.")
            }
            return added
        }
    }

    func key(_ fingerprint: String) throws(RunnerError) -> Key? {
        try read { try Self.key(fingerprint, $0) }
    }

    /// - Parameter owner: a person's name or id; nil: everybody's.
    func keys(owner: String?) throws(RunnerError) -> [Key] {
        try read { database in
            var sql = Self.selectKey
            if owner != nil { sql += " WHERE person.name = :owner OR CAST(person.id AS TEXT) = :owner" }
            return try Row.fetchAll(
                database, sql: sql + " ORDER BY person.id, key.rowid",
                arguments: owner.map { ["owner": $0] } ?? [:]
            ).map(Self.key)
        }
    }

    func removeKey(_ fingerprint: String) throws(RunnerError) {
        let isRemoved = try write { database in
            try database.execute(sql: "DELETE FROM key WHERE fingerprint = ?", arguments: [fingerprint])
            return database.changesCount > 0
        }
        guard isRemoved else { throw RunnerError(.notFound, "There is no such key.") }
    }

    /// - Parameter nameOrID: names are never digits alone, ids always are.
    func person(_ nameOrID: String) throws(RunnerError) -> Person? {
        try read { database in
            try Row.fetchOne(
                database, sql: "SELECT id, name FROM person WHERE name = :it OR CAST(id AS TEXT) = :it",
                arguments: ["it": nameOrID]
            ).map { Person(id: String($0["id"] as Int64), name: $0["name"]) }
        }
    }

    static func isPersonName(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count)
            && name.utf8.allSatisfy { $0.isLetterOrDigit || "_.~@+-".utf8.contains($0) }
            && !name.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }

    private static let selectKey = """
        SELECT key.fingerprint, key.type, key.base64, key.comment, person.id, person.name, person.suspended
        FROM key JOIN person ON person.id = key.person
        """

    private static func key(_ fingerprint: String, _ database: Database) throws -> Key? {
        try Row.fetchOne(database, sql: selectKey + " WHERE key.fingerprint = ?", arguments: [fingerprint])
            .map(Self.key)
    }

    private static func key(_ row: Row) -> Key {
        Key(
            fingerprint: row["fingerprint"], type: row["type"], key: row["base64"], comment: row["comment"],
            owner: Person(id: String(row["id"] as Int64), name: row["name"]), suspended: row["suspended"])
    }
}
