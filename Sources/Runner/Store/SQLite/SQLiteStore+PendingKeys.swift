import AuthorizedKeys
import BuildAPI
import FoundationEssentials
import GRDB
import KeyForms

/// Keys that people have added and not confirmed yet: in a table of their own, so that nothing else finds them.
///
/// Anyone can add anyone's public key. The same one can be pending for several people; the first who confirms it has it.
extension SQLiteStore {
    /// How long a key is pending, in seconds.
    static let pendingTime = 24 * 3600.0
    /// After so many wrong words, a key is no longer pending for anyone.
    static let wrongWords = 10

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
    ) async throws(RunnerError) -> Key {
        try checkIsPlain(key)
        let word = ConfirmationWord()
        return try await changePeople { database in
            if let taken = try self.key(key.fingerprint, database), taken.owner.isSame(as: person) {
                throw RunnerError(.conflict, "This key is already yours.")
            }
            let owner = try Int64.fetchOne(
                database, sql: "SELECT id FROM person WHERE CAST(id AS TEXT) = ?", arguments: [person.id])
            guard let owner else { throw RunnerError(.notFound, "There is no person with this id.") }
            try database.execute(
                sql: "DELETE FROM pending_key WHERE expires <= ?", arguments: [now.timeIntervalSince1970])
            try removePendingKey(key.fingerprint, of: owner, database)
            try checkNumberOfKeys(of: owner, at: now, database)
            try database.execute(
                sql: """
                    INSERT INTO pending_key
                        (fingerprint, type, base64, comment, person, added, expires, word, added_with,
                        attaches, until, addresses)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    key.fingerprint, key.type, key.base64, KeyComment.shortened(comment), owner,
                    now.timeIntervalSince1970, now.timeIntervalSince1970 + Self.pendingTime,
                    Data(word.hash(for: key.fingerprint, of: owner)), session,
                    limit != nil, limit?.expires?.timeIntervalSince1970, limit?.addresses,
                ])
            var added = try pendingKeys(key.fingerprint, at: now, database).first {
                $0.owner.isSame(as: person)
            }
            added?.word = word.text
            guard let added else { throw RunnerError(.failure, "The key has not been stored.") }
            return added
        }
    }

    /// One of the people for whom the key is pending.
    func pendingKey(_ fingerprint: String, at now: Date) async throws(RunnerError) -> Key? {
        try await read { try pendingKeys(fingerprint, at: now, $0).first }
    }

    /// Gives the key to the person for whom this word was.
    ///
    /// - Parameter word: as the key's holder entered it.
    func confirmKey(_ fingerprint: String, word: String, at now: Date) async throws(RunnerError) -> Key {
        let key: Key? = try await changePeople { database in
            guard try self.key(fingerprint, database) == nil else {
                throw RunnerError(.conflict, "This key belongs to someone already.")
            }
            let rows = try Row.fetchAll(
                database, sql: "SELECT * FROM pending_key WHERE fingerprint = ? AND expires > ?",
                arguments: [fingerprint, now.timeIntervalSince1970])
            guard !rows.isEmpty else { throw RunnerError(.notFound, "This key is not pending.") }
            let entered = ConfirmationWord(entered: word)
            let right = rows.first {
                entered?.hasHash(Array($0["word"] as Data), for: fingerprint, of: $0["person"]) == true
            }
            guard let row = right else {
                try database.execute(
                    sql: """
                        UPDATE pending_key SET wrong = wrong + 1 WHERE fingerprint = :fingerprint;
                        DELETE FROM pending_key WHERE fingerprint = :fingerprint AND wrong >= :limit
                        """, arguments: ["fingerprint": fingerprint, "limit": Self.wrongWords])
                return nil
            }
            let parts: (String, String, String) = (row["type"], row["base64"], row["comment"])
            let limit =
                row["attaches"] ? AttachLimit(expires: row["until"], addresses: row["addresses"]) : nil
            let key = try insert(
                fingerprint, parts, owner: row["person"], limit: limit, at: now, database)
            guard !key.suspended else { throw RunnerError(.suspended, "This person is suspended.") }
            return key
        }
        guard let key else { throw RunnerError(.forbidden, "This word is wrong.") }
        return key
    }

    /// - Parameter person: nil: everyone for whom it is pending.
    func removePendingKey(_ fingerprint: String, of person: Int64?, _ database: Database) throws {
        try database.execute(
            sql: """
                DELETE FROM pending_key
                WHERE fingerprint = :fingerprint AND (:person IS NULL OR person = :person)
                """, arguments: ["fingerprint": fingerprint, "person": person])
    }

    private func pendingKeys(_ fingerprint: String, at now: Date, _ database: Database) throws -> [Key] {
        let condition = " WHERE it.fingerprint = :fingerprint AND it.expires > :now ORDER BY it.rowid"
        return try Row.fetchAll(
            database, sql: Self.select(from: "pending_key", isPending: true) + condition,
            arguments: ["fingerprint": fingerprint, "now": now.timeIntervalSince1970, "terms": terms]
        ).map { key($0) }
    }
}
