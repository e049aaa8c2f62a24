import FoundationEssentials

/// The operator of the build service: adds keys and submits jobs.
public struct Operator: Sendable {
    let testBed: TestBed

    public init(testBed: TestBed) {
        self.testBed = testBed
    }

    /// Adds a person's key; `file` if it is not the one that the test bed has made.
    public func addKey(of person: String, file: String? = nil) async throws -> Finished {
        try await testBed.sallyport(["keys", "add", person, file ?? "\(testBed.client)/\(person).pub"])
    }

    /// Removes the key that the test bed has made for a person.
    public func removeKey(of person: String) async throws -> Finished {
        let listing = try await Command.run(["ssh-keygen", "-l", "-f", "\(testBed.client)/\(person).pub"])
        let fingerprint = listing.text.split(separator: " ").dropFirst().first.map(String.init) ?? ""
        return try await testBed.sallyport(["keys", "remove", fingerprint])
    }

    /// Submits a job and returns its number.
    public func submit(_ manifest: String, owner: String = "alice") async throws -> String {
        let file = "\(testBed.folder)/manifest-\(UInt32.random(in: 0 ... .max)).yaml"
        _ = try await testBed.run(["tee", file], input: manifest)
        let submitted = try await testBed.sallyport(["submit", "--owner", owner, file])
        let number = submitted.text.drop { !$0.isNumber }.prefix { $0.isNumber }
        guard submitted.status == 0, !number.isEmpty else {
            throw TestBedError("no job was submitted", log: submitted.description)
        }
        return String(number)
    }

    /// The job as the service describes it.
    public func job(_ number: String) async throws -> Job {
        let listing = try await testBed.sallyport(["jobs", "--all", "--json"])
        let jobs = try JSONDecoder().decode(Jobs.self, from: Data(listing.output))
        guard let job = jobs.jobs.first(where: { $0.id == number }) else {
            throw TestBedError("there is no job \(number)", log: listing.description)
        }
        return job
    }

    /// The part of API v1's `job` that its users need.
    public struct Job: Decodable, Sendable {
        public struct Builder: Decodable, Sendable {
            /// On loopback; nil: it is reached through a socket.
            public var port: UInt16?
            /// `unix:` and the socket's path; nil: it is reached at a port.
            public var endpoint: String?
            public var hostKeys: [String]

            enum CodingKeys: String, CodingKey {
                case port, endpoint
                case hostKeys = "host_keys"
            }
        }
        public struct Task: Decodable, Sendable {
            public var name: String
            public var status: String
        }
        public struct Session: Decodable, Sendable {
            public var session: String
        }
        public var id: String
        public var status: String
        public var tasks: [Task]
        public var builder: Builder?
        public var sessions: [Session]
    }

    private struct Jobs: Decodable {
        var jobs: [Job]
    }
}
