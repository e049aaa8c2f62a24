import BuildAPI
import NIOHTTP1
import TestBed

/// Other people's claims that send heartbeats, as the gateway's sessions do.
enum ScaleHeartbeats {
    private static let people = 20
    private static let claimsEach = 50
    /// One builder for each person, and one for somebody else.
    static let builders = people + 1

    /// Requests for somebody else's job.
    private static let requests = 600
    private static let interval = Duration.milliseconds(25)

    static func measure(_ place: Scale.Place, _ report: Report) async throws {
        let runner = try RunnerProcess.find()
        try await RunnerConnection.with(place.socket) { connection in
            let somebody = try await connection.addPerson("somebody")
            let job = try await connection.keptJob(owner: somebody.owner.name)
            let probe = Probe(path: "/v1/jobs/\(job)", count: requests, interval: interval)
            var claims: [Claim] = []
            for number in 1...people {
                claims += try await makeClaims(as: "person-\(number)", on: connection)
            }
            let alone = try await probe.times(on: connection)
            let hearts = Hearts(of: claims, at: place.socket)
            try await hearts.whileBeating { [claims] in
                // In the first round, everyone connects.
                try await Task.sleep(for: hearts.pace)
                let (before, beatsBefore) = (try runner.processorTime(), hearts.beats)
                try await Task.sleep(for: hearts.pace)
                let (after, beats) = (try runner.processorTime(), hearts.beats - beatsBefore)
                let beside = try await RunnerConnection.with(place.socket) { try await probe.times(on: $0) }
                guard beats >= claims.count * 9 / 10 else {
                    throw TestBedError("\(claims.count) claims have sent only \(beats) heartbeats")
                }
                report.add(alone, beside, as: "scale-heartbeats")
                report.add(
                    Figure(
                        name: "scale-heartbeats-cpu", value: (after - before) / Double(beats) * 1000,
                        unit: "s"))
            }
        }
    }

    /// A person's claims on the builder of a failed job.
    private static func makeClaims(as name: String, on connection: RunnerConnection) async throws -> [Claim] {
        let key = try await connection.addPerson(name)
        let job = try await connection.keptJob(owner: name)
        var claims: [Claim] = []
        for number in 1...claimsEach {
            let request = ClaimRequest(
                session: "\(name)-\(number)", kind: .shell, person: .init(id: key.owner.id),
                keyFingerprint: key.fingerprint, key: "\(key.type) \(key.key)", from: "192.0.2.1")
            claims.append(try await connection.value(.POST, "/v1/jobs/\(job)/claims", .json(request)))
        }
        return claims
    }
}
