import BuildAPI
import GRDB
import NIOHTTP1
import TestBed

/// A short list beside many jobs of others, which have long manifests.
enum ScaleList {
    private static let own = 20
    private static let others = 20_000
    private static let manifestSize = 100 << 10
    /// The copies of one transaction; more of them would need as much space again in SQLite's log.
    private static let portion = 1000

    static func measure(_ place: Scale.Place, _ report: Report) async throws {
        let (owner, crowd) = ("owner", "crowd")
        let probe = Probe(path: "/v1/jobs?owner=\(owner)", count: 1000)
        try await RunnerConnection.with(place.socket) { connection in
            let ownerID = try await connection.addPerson(owner).owner.id
            let crowdID = try await connection.addPerson(crowd).owner.id
            let model = try await connection.submit(
                RunnerConnection.manifest("true", size: manifestSize), owner: owner)
            try await connection.cancel(model.id)
            let database = try DatabaseQueue(path: place.state + "/runner.sqlite")
            try copy(model.id, own - 1, owner: ownerID, in: database)
            let list: JobList = try await connection.value(.GET, probe.path)
            guard list.jobs.count == own, Set(list.jobs.map(\.id)).count == own else {
                throw TestBedError("the owner's list has \(list.jobs.count) jobs")
            }
            _ = try await probe.times(on: connection)
            let alone = try await probe.times(on: connection)
            for _ in 0..<(others / portion) { try copy(model.id, portion, owner: crowdID, in: database) }
            let count = try await database.read { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM manifest") }
            guard count == own + others else { throw TestBedError("there are \(count ?? 0) manifests") }
            _ = try await probe.times(on: connection)
            let beside = try await probe.times(on: connection)
            report.add(alone, beside, as: "scale-list")
        }
    }

    /// Copies a job and its manifest, as jobs of that person.
    private static func copy(
        _ model: JobID, _ count: Int, owner: String, in database: DatabaseQueue
    ) throws {
        try database.write { database in
            let arguments: StatementArguments = [
                "model": model.description, "count": count, "owner": owner,
                "last": try Int64.fetchOne(database, sql: "SELECT MAX(id) FROM job"),
            ]
            try database.execute(
                sql: """
                    WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < :count)
                    INSERT INTO job (id, owner, submitter, live, record, over, source)
                        SELECT :last + n, CAST(:owner AS TEXT), :owner, live, CAST(json_set(CAST(record AS TEXT),
                            '$.id', CAST(:last + n AS TEXT), '$.owner.id', CAST(:owner AS TEXT)) AS BLOB), over, source
                        FROM job, number WHERE id = :model;
                    INSERT INTO manifest (job, content)
                        SELECT job.id, content FROM manifest, job WHERE manifest.job = :model AND job.id > :last
                    """, arguments: arguments)
        }
    }
}
