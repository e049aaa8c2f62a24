import TestBed
import Testing

/// A person at their own machine, with a key, the installed clients, and nothing made for tests.
struct Person: Sendable {
    let testBed: TestBed
    let name: String

    var home: String { testBed.home(of: name) }

    /// What `ssh` needs to reach the gateway.
    var gateway: [String] { ["-p", "\(testBed.port(of: .builds))", "builds@\(TestBed.publicHost)"] }

    /// What a job's builder is called.
    func builder(_ job: String) -> String { "job-\(job).\(TestBed.publicHost)" }

    /// Runs a command to its end.
    func run(
        _ arguments: [String], input: [UInt8] = [], deadline: Duration = .seconds(60)
    ) async throws -> Finished {
        try await Command.run(testBed.inside(arguments, as: name), input: input, deadline: deadline)
    }

    /// Runs a line that a person has entered at a prompt.
    ///
    /// - Parameter variables: what `$1` and so on stand for.
    func sh(
        _ script: String, _ variables: String..., input: [UInt8] = [], deadline: Duration = .seconds(60)
    ) async throws -> Finished {
        try await sh(script, variables, input: input, deadline: deadline)
    }

    func sh(
        _ script: String, _ variables: [String], input: [UInt8] = [], deadline: Duration = .seconds(60)
    ) async throws -> Finished {
        try await run(
            ["bash", "-euo", "pipefail", "-c", script, "bash"] + variables, input: input, deadline: deadline)
    }

    /// Runs a command while `body` speaks to it.
    func start(
        _ arguments: [String], deadline: Duration = .seconds(60),
        body: @Sendable (RunningCommand) async throws -> Void
    ) async throws -> Finished {
        try await Command.start(testBed.inside(arguments, as: name), deadline: deadline, body: body)
    }

    /// Records a failure unless their key opens the job's builder no longer, within ten seconds.
    func expectNoWayIn(to job: String, at place: SourceLocation = #_sourceLocation) async throws {
        // They themselves do not even reach it.
        let refused = try await testBed.run(
            BuilderNetwork(of: job, in: testBed).words([
                "setpriv", "--reuid=\(name)", "--regid=\(name)", "--init-groups", "--reset-env",
                "bash", "-euo", "pipefail", "-c",
                """
                cd
                for attempt in $(seq 20); do
                    ssh -o "ProxyCommand=busybox nc 127.0.0.1 \(BuilderNetwork.port)" "$1" true 2>said || break
                    sleep 0.5
                done
                cat said
                """, "bash", builder(job),
            ]))
        await expect(
            refused, status: 0, output: ["Permission denied (publickey)."], in: testBed, at: place)
    }

    /// The line that `ssh-config` gives to install itself.
    func installLine() async throws -> String {
        let stanza = try await run(["ssh"] + gateway + ["ssh-config"])
        guard stanza.status == 0 else { throw TestBedError("no stanza came", log: "\(stanza)") }
        let line = stanza.text.split(separator: "\n").first {
            $0.hasPrefix("# ") && $0.contains(" ssh-config")
        }
        guard let line else { throw TestBedError("no line says how to install the stanza", log: "\(stanza)") }
        return String(line.dropFirst(2))
    }
}

/// People whose ssh knows builders: they have entered the line that `ssh-config` gave them.
actor Equipped {
    private static let shared = Equipped()

    private var people: [String: Task<Person, any Error>] = [:]

    static func person(_ name: String = "alice", in testBed: TestBed) async throws -> Person {
        try await shared.person(name, in: testBed)
    }

    private func person(_ name: String, in testBed: TestBed) async throws -> Person {
        if let task = people[name] { return try await task.value }
        let task = Task {
            let person = Person(testBed: testBed, name: name)
            let line = try await person.installLine()
            let installed = try await person.run(["sh", "-c", line])
            guard installed.status == 0 else {
                throw TestBedError("nothing was installed", log: "\(installed)")
            }
            return person
        }
        people[name] = task
        return try await task.value
    }
}

extension TestBed {
    /// Alice's own ssh, to the builder that it calls `job-42`, through a gateway of which her configuration says
    /// nothing.
    func proxied(to gateway: Gateway, knowing hosts: String) -> [String] {
        [
            "ssh", "-F", "none", "-i", "\(client)/alice", "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
            "-o", "UserKnownHostsFile=\(hosts)", "-o", "StrictHostKeyChecking=yes",
            "-o", "ProxyCommand=\(ssh(["proxy", "%h"], to: gateway).joined(separator: " "))",
            "build@job-42",
        ]
    }
}
