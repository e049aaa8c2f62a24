import BuildAPI
import Foundation
import SystemPackage
import TestBed

/// Somebody's logins, while another person submits, cancels and lists jobs with the longest manifests.
enum ScaleNoisy {
    private static let loops = 4
    private static let manifestSize = 1_000_000
    /// Alone and beside the noise take turns.
    private static let rounds = 5
    private static let loginsInRound = 20

    static func measure(_ place: Scale.Place, _ report: Report) async throws {
        let (quiet, noisy) = ("alice", "noisy")
        let line = try String(contentsOfFile: "\(place.client)/\(quiet).pub", encoding: .utf8)
        try await RunnerConnection.with(place.socket) { connection in
            _ = try await connection.addKey(line, of: quiet)
            _ = try await connection.addPerson(noisy)
        }
        let login = ["ssh", "-F", "\(place.client)/ssh_config", "-T", "builds", "whoami"]
        let noise = Noise(
            of: noisy, at: place.socket, manifest: RunnerConnection.manifest("true", size: manifestSize))
        _ = try await logins(login)
        var (alone, beside): ([Double], [Double]) = ([], [])
        for _ in 1...rounds {
            alone += try await logins(login)
            beside += try await noise.beside(loops) { try await logins(login) }
        }
        report.add(alone, beside, as: "scale-noisy")
    }

    /// - Returns: how long each took, in milliseconds.
    private static func logins(_ login: [String]) async throws -> [Double] {
        let null = try FileDescriptor.open("/dev/null", .readWrite, options: .closeOnExec)
        defer { try? null.close() }
        let streams = Child.Streams(input: null, output: null, errors: .standardError)
        return try await blocking {
            try (1...loginsInRound).map { _ in
                let start = ContinuousClock.now
                let status = try Child(login, streams).wait()
                guard status == 0 else { throw TestBedError("a login ended with status \(status)") }
                return start.duration(to: .now).seconds * 1000
            }
        }
    }
}
