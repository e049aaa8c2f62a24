import AuthorizedKeys
import BuildAPI
import FoundationEssentials
import GRDB

/// People: who they are, their rights, and what they have accepted.
extension SQLiteStore {
    /// - Parameter nameOrID: ids consist of digits only, names never do.
    func account(_ nameOrID: String) async throws(RunnerError) -> Account? {
        try await read { database in
            try Row.fetchOne(
                database, sql: Self.selectPerson + " WHERE name = :it OR CAST(id AS TEXT) = :it",
                arguments: ["it": nameOrID]
            ).map(Self.account)
        }
    }

    /// A suspended person has no rights; sessions end at their next heartbeat.
    func setSuspended(_ name: String, _ isSuspended: Bool) async throws(RunnerError) {
        try await change(name, "UPDATE person SET suspended = :value WHERE name = :name", isSuspended)
    }

    func setAdministrator(_ name: String, _ isAdministrator: Bool) async throws(RunnerError) {
        try await change(name, "UPDATE person SET administrator = :value WHERE name = :name", isAdministrator)
    }

    /// A robot cannot log in, so it has no key that would be good for that.
    func setRobot(_ name: String, _ isRobot: Bool) async throws(RunnerError) {
        guard !isRobot || Self.isName(name) else {
            throw RunnerError(.unprocessable(line: nil, key: "name"), "A robot's \(Self.nameRule)")
        }
        try await changePeople { database in
            if isRobot {
                try database.execute(
                    sql: "INSERT OR IGNORE INTO person (name) VALUES (?)", arguments: [name])
            }
            let id = try Int64.fetchOne(
                database, sql: "SELECT id FROM person WHERE name = ?", arguments: [name])
            guard let id else { throw RunnerError(.notFound, "There is no person with this name.") }
            let hasKeys = try Bool.fetchOne(
                database,
                sql: """
                    SELECT EXISTS (SELECT 1 FROM key WHERE person = :id AND NOT attaches AND NOT pairs)
                        OR EXISTS (SELECT 1 FROM pending_key WHERE person = :id)
                    """, arguments: ["id": id])
            guard !isRobot || hasKeys != true else {
                throw RunnerError(
                    .conflict,
                    "\(name) has keys that are good for more than attaching, and so is a person. Choose another name."
                )
            }
            try database.execute(
                sql: "UPDATE person SET robot = ? WHERE id = ?", arguments: [isRobot, id])
        }
    }

    func checkIsNoRobot(_ person: Int64, _ name: String, _ database: Database) throws {
        let isRobot = try Bool.fetchOne(
            database, sql: "SELECT robot FROM person WHERE id = ?", arguments: [person])
        guard isRobot != true else {
            throw RunnerError(
                .conflict,
                "\(name) is a robot, whose keys are limited to attaching: add it with --attach-only.")
        }
    }

    private func change(_ name: String, _ sql: String, _ value: Bool) async throws(RunnerError) {
        let isKnown = try await changePeople { database in
            try database.execute(sql: sql, arguments: ["name": name, "value": value])
            return database.changesCount > 0
        }
        guard isKnown else { throw RunnerError(.notFound, "There is no person with this name.") }
    }

    /// Records that a person has accepted the terms of use. The first time is kept.
    func accept(_ version: String, by person: Person, at now: Date) async throws(RunnerError) {
        try await changePeople {
            try $0.execute(
                sql: """
                    INSERT OR IGNORE INTO acceptance (person, version, accepted)
                    VALUES ((SELECT id FROM person WHERE CAST(id AS TEXT) = ?), ?, ?)
                    """, arguments: [person.id, version, now.formatted(.iso8601)])
        }
    }

    /// Forgets who has accepted other terms than those in force, longer ago than that.
    func removeAcceptances(before moment: Date) async throws(RunnerError) -> Int {
        try await changePeople { [terms] in
            try $0.execute(
                sql: "DELETE FROM acceptance WHERE accepted < ? AND version IS NOT ?",
                arguments: [moment.formatted(.iso8601), terms])
            return $0.changesCount
        }
    }

    /// Whether a person or a group can be called that.
    static func isName(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count) && !name.hasPrefix("@")
            && name.utf8.allSatisfy { $0.isLetterOrDigit || "_.~@+-".utf8.contains($0) }
            && !name.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }

    /// What ``isName(_:)`` accepts, as the end of a sentence.
    static let nameRule =
        #"name has 1 to 64 of letters, digits, "_", ".", "~", "@", "+" and "-". It does not begin with "@", and has not only digits."#

    static let selectPerson = """
        SELECT id, name, \(isAdministrator) AS administrator, \(isSuspended) AS suspended,
            \(groups(where: "TRUE")) AS groups, robot FROM person
        """

    static func account(_ row: Row) -> Account {
        Account(
            id: String(row["id"] as Int64), name: row["name"], administrator: row["administrator"],
            suspended: row["suspended"], groups: groups(row), robot: row["robot"] ? true : nil)
    }
}
