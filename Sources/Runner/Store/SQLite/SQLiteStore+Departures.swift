import BuildAPI
import FoundationEssentials
import GRDB

/// People who leave: what they lose, and what is kept of them.
extension SQLiteStore {
    func jobsShared(with person: Person) async throws(RunnerError) -> [JobID] {
        try await read { database in
            try Int64.fetchAll(
                database, sql: "SELECT job FROM share WHERE party = ? ORDER BY job", arguments: [person.id]
            ).compactMap { JobID(String($0)) }
        }
    }

    func removeRights(of person: Person) async throws(RunnerError) -> Bool {
        try await changePeople { database in
            try database.execute(
                sql: """
                    DELETE FROM pending_key WHERE person = :id;
                    DELETE FROM key WHERE person = :id AND NOT sourced;
                    UPDATE key SET local = FALSE WHERE person = :id;
                    DELETE FROM membership WHERE person = :id AND NOT sourced;
                    UPDATE membership SET local = FALSE WHERE person = :id;
                    UPDATE person SET administrator = FALSE, robot = FALSE WHERE id = :id
                    """, arguments: ["id": person.id])
            return try Bool.fetchOne(
                database,
                sql: """
                    SELECT EXISTS (SELECT 1 FROM key WHERE person = :id)
                        OR EXISTS (SELECT 1 FROM membership WHERE person = :id)
                        OR (SELECT source_administrator FROM person WHERE id = :id)
                    """, arguments: ["id": person.id]) ?? false
        }
    }

    func forgetName(of person: Person, at now: Date) async throws(RunnerError) {
        try await changePeople { database in
            try database.execute(
                sql: "UPDATE person SET name = id, source_seen = NULL WHERE id = ?", arguments: [person.id])
            // No name is written in another way in JSON.
            let jobs = try Int64.fetchAll(
                database, sql: "SELECT id FROM job WHERE instr(record, CAST(? AS BLOB)) > 0",
                arguments: [person.name])
            for number in jobs {
                let data = try Data.fetchOne(
                    database, sql: "SELECT record FROM job WHERE id = ?", arguments: [number])
                guard let data else { continue }
                var record = try Self.record(data, of: number, database)
                guard record.rename(person.forgotten) else { continue }
                try Self.save(record, at: now, database)
            }
        }
    }
}

extension Person {
    /// The same without a name.
    var forgotten: Person { Person(id: id, name: id) }
}
