import AuthorizedKeys
import BuildAPI
import FoundationEssentials
import GRDB

/// People: who they are, what they may, and what they have agreed to.
extension Store {
    /// Everybody, in the order in which they came.
    func people() throws(RunnerError) -> [Account] {
        try read { try Row.fetchAll($0, sql: Self.selectPerson + " ORDER BY id").map(Self.account) }
    }

    /// - Parameter nameOrID: names are never digits alone, ids always are.
    func account(_ nameOrID: String) throws(RunnerError) -> Account? {
        try read { database in
            try Row.fetchOne(
                database, sql: Self.selectPerson + " WHERE name = :it OR CAST(id AS TEXT) = :it",
                arguments: ["it": nameOrID]
            ).map(Self.account)
        }
    }

    func person(_ nameOrID: String) throws(RunnerError) -> Person? {
        try account(nameOrID)?.person
    }

    /// A suspended person may do nothing; sessions end at their next heartbeat.
    func setSuspended(_ name: String, _ isSuspended: Bool) throws(RunnerError) {
        try change(name, "UPDATE person SET suspended = :value WHERE name = :name", isSuspended)
    }

    func setAdministrator(_ name: String, _ isAdministrator: Bool) throws(RunnerError) {
        try change(name, "UPDATE person SET administrator = :value WHERE name = :name", isAdministrator)
    }

    private func change(_ name: String, _ sql: String, _ value: Bool) throws(RunnerError) {
        let isKnown = try write { database in
            try database.execute(sql: sql, arguments: ["name": name, "value": value])
            return database.changesCount > 0
        }
        guard isKnown else { throw RunnerError(.notFound, "Nobody of this name is known here.") }
    }

    /// Somebody has accepted the terms of use. The first time is kept, for ever.
    func accept(_ version: String, by person: Person, at now: Date) throws(RunnerError) {
        try write {
            try $0.execute(
                sql: """
                    INSERT OR IGNORE INTO acceptance (person, version, accepted)
                    VALUES ((SELECT id FROM person WHERE CAST(id AS TEXT) = ?), ?, ?)
                    """, arguments: [person.id, version, now.formatted(.iso8601)])
        }
    }

    static func isPersonName(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count)
            && name.utf8.allSatisfy { $0.isLetterOrDigit || "_.~@+-".utf8.contains($0) }
            && !name.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }

    private static let selectPerson = "SELECT id, name, administrator, suspended FROM person"

    private static func account(_ row: Row) -> Account {
        Account(
            id: String(row["id"] as Int64), name: row["name"], administrator: row["administrator"],
            suspended: row["suspended"])
    }
}
