import BuildAPI
import GRDB

/// Groups: who is in them, as operators and the source of people say. A group without members does not exist.
extension SQLiteStore {
    /// The most groups in which operators can put one person, and as many again for their source.
    static let groupsPerPerson = 100

    func hasGroup(_ group: Group) async throws(RunnerError) -> Bool {
        try await read { database in
            try Bool.fetchOne(
                database, sql: #"SELECT TRUE FROM membership WHERE "group" = ?"#, arguments: [group.name])
                ?? false
        }
    }

    /// What the source says of it stays.
    func setMember(_ name: String, of group: Group, _ isMember: Bool) async throws(RunnerError) {
        guard Self.isName(group.name) else {
            throw RunnerError(
                .unprocessable(line: nil, key: "group"),
                "A group's \(Self.nameRule)"
            )
        }
        try await changePeople { database in
            let id = try Int64.fetchOne(
                database, sql: "SELECT id FROM person WHERE name = ?", arguments: [name])
            guard let id else { throw RunnerError(.notFound, "There is no person with this name.") }
            try Self.setMember(id, of: group, isMember, by: "local", database)
            guard isMember else { return }
            let count = try Int.fetchOne(
                database, sql: "SELECT COUNT(*) FROM membership WHERE person = ? AND local", arguments: [id])
            guard count ?? 0 <= Self.groupsPerPerson else {
                throw RunnerError(
                    .tooMany(.init(what: "groups", limit: Self.groupsPerPerson)),
                    "\(name) has been put into \(Self.groupsPerPerson) groups already, which is the limit.",
                    limit: .groupsPerPerson)
            }
        }
    }

    /// - Parameter column: who says it, `local` or `sourced`.
    static func setMember(
        _ person: Int64, of group: Group, _ isMember: Bool, by column: String, _ database: Database
    ) throws {
        try database.execute(
            sql: """
                INSERT INTO membership (person, "group", local, sourced) VALUES (:person, :group, FALSE, FALSE)
                    ON CONFLICT DO NOTHING;
                UPDATE membership SET \(column) = :isMember WHERE person = :person AND "group" = :group;
                DELETE FROM membership WHERE person = :person AND NOT local AND NOT sourced
                """, arguments: ["person": person, "group": group.name, "isMember": isMember])
    }

    // MARK: Rows

    /// Those of a person, in order, with spaces between them: no name contains one.
    ///
    /// - Parameter condition: which memberships count.
    static func groups(where condition: String) -> String {
        """
        (SELECT GROUP_CONCAT("group", ' ') FROM (SELECT "group" FROM membership
            WHERE membership.person = person.id AND \(condition) ORDER BY "group"))
        """
    }

    /// Nil: in none.
    static func groups(_ row: Row) -> [Group]? {
        (row["groups"] as String?)?.split(separator: " ").map { Group(name: String($0)) }
    }
}
