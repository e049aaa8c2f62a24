import FoundationEssentials
import World

/// The operator of the build service: who owns which key, and what is to be built.
struct Operator: Sendable {
    let world: World

    /// Adds somebody's key; `file` when it is not the one that the world has made.
    func addKey(of person: String, file: String? = nil) async throws -> Finished {
        try await world.sallyport(["keys", "add", person, file ?? "\(world.client)/\(person).pub"])
    }

    /// Removes the key that the world has made for somebody.
    func removeKey(of person: String) async throws -> Finished {
        let listing = try await Command.run(["ssh-keygen", "-l", "-f", "\(world.client)/\(person).pub"])
        let fingerprint = listing.text.split(separator: " ").dropFirst().first.map(String.init) ?? ""
        return try await world.sallyport(["keys", "remove", fingerprint])
    }

    /// Submits a job and returns its number.
    func submit(_ manifest: String, owner: String = "alice") async throws -> String {
        let file = "\(world.folder)/manifest-\(UInt32.random(in: 0 ... .max)).yaml"
        _ = try await world.run(["tee", file], input: manifest)
        let submitted = try await world.sallyport(["submit", "--owner", owner, file])
        let number = submitted.text.drop { !$0.isNumber }.prefix { $0.isNumber }
        guard submitted.status == 0, !number.isEmpty else {
            throw WorldError("no job was submitted", log: submitted.description)
        }
        return String(number)
    }

    /// The job as the service describes it.
    func job(_ number: String) async throws -> Job {
        let listing = try await world.sallyport(["jobs", "--all", "--json"])
        let jobs = try JSONDecoder().decode(Jobs.self, from: Data(listing.output))
        guard let job = jobs.jobs.first(where: { $0.id == number }) else {
            throw WorldError("there is no job \(number)", log: listing.description)
        }
        return job
    }

    /// What the tests need of `job` in API v1.
    struct Job: Decodable {
        struct Builder: Decodable {
            var port: UInt16
        }
        struct Task: Decodable {
            var name: String
            var status: String
        }
        struct Session: Decodable {
            var session: String
        }
        var id: String
        var status: String
        var tasks: [Task]
        var builder: Builder?
        var sessions: [Session]
    }

    private struct Jobs: Decodable {
        var jobs: [Job]
    }
}
