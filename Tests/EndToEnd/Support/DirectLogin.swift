import FoundationEssentials
import TestBed

/// Alice's own client at a builder's SSH server, without a gateway between them: the test itself claims as one.
struct DirectLogin: Sendable {
    struct Authority: Decodable, Sendable {
        var key: String
        var suffixes: [String]
        var user: String
    }

    let testBed: TestBed
    private let network: BuilderNetwork
    /// What vouches for the builder's host key.
    let authority: Authority
    /// Alice's, as in a list of keys.
    let key: String
    private let job: String
    private let socket: String
    private let state: String
    /// Her id.
    let person: String
    private let fingerprint: String

    /// - Parameter runner: whose job it is; nil: of the test bed's own service.
    init(to job: String, in testBed: TestBed, of runner: OwnRunner? = nil) async throws {
        self.testBed = testBed
        self.job = job
        socket = runner?.socket ?? testBed.serviceSocket
        state = runner?.state ?? "\(testBed.folder)/machine/state"
        let line = try await testBed.run([
            "/bin/sh", "-ec",
            "cut -d ' ' -f 1,2 \(testBed.client)/alice.pub; ssh-keygen -l -f \(testBed.client)/alice.pub",
        ])
        let lines = line.text.split(separator: "\n")
        let words = lines.last?.split(separator: " ") ?? []
        guard lines.count == 2, words.count > 1 else { throw TestBedError("no key", log: "\(line)") }
        key = String(lines[0])
        fingerprint = String(words[1])
        let escaped = fingerprint.replacing("/", with: "%2F").replacing("+", with: "%2B")
        person = try await Self.decode(Key.self, "/v1/keys/\(escaped)", in: testBed, at: socket).owner.id
        authority = try await Self.decode(Authority.self, "/v1/host-authority", in: testBed, at: socket)
        network = BuilderNetwork(of: job, in: testBed, runner: runner)
        let known = "@cert-authority job-* \(authority.key)\n"
        _ = try await testBed.run(["tee", "\(testBed.folder)/authority"], input: known)
    }

    // MARK: As a gateway

    /// Claims for a connection of Alice's, and returns the claim's id.
    ///
    /// - Parameter isRenewed: whether heartbeats are sent until the claim has ended.
    func claim(session: String, isRenewed: Bool = true) async throws -> String {
        let body = """
            {"session": "\(session)", "kind": "proxy", "person": {"id": "\(person)"},
             "key_fingerprint": "\(fingerprint)", "key": "\(key)", "from": "192.0.2.1"}
            """
        let answer = try await ask("POST", "/v1/jobs/\(job)/claims", body)
        guard let claim = try? JSONDecoder().decode(Claim.self, from: Data(answer.output)),
            claim.keyAdmitted == true
        else { throw TestBedError("the key was not let in", log: "\(answer)\n\(await testBed.logTails())") }
        if isRenewed {
            let beats = """
                while curl -q -s -f -m 5 -o /dev/null -X POST --unix-socket "$1" "http://localhost/v1/claims/$2/heartbeat"
                do sleep 0.5; done
                """
            _ = try await testBed.run([
                "/bin/sh", "-c", "setsid sh -c \"$0\" sh \"$@\" >/dev/null 2>&1 </dev/null &", beats, socket,
                claim.id,
            ])
        }
        return claim.id
    }

    func release(_ claim: String) async throws {
        let answer = try await ask("DELETE", "/v1/claims/\(claim)?reason=lost")
        guard answer.status == 0 else { throw TestBedError("a claim was not released", log: "\(answer)") }
    }

    /// Asks the service, as the gateway's account.
    func ask(_ method: String, _ path: String, _ body: String? = nil) async throws -> Finished {
        try await Self.ask(method, path, body, in: testBed, at: socket)
    }

    private static func ask(
        _ method: String, _ path: String, _ body: String? = nil, in testBed: TestBed, at socket: String
    ) async throws -> Finished {
        let data = body.map { ["--json", $0] } ?? []
        return try await testBed.run(
            [
                "setpriv", "--reuid", "builds", "--regid", "builds", "--clear-groups", "curl", "-q", "-s",
                "--fail-with-body", "-m", "20", "-X", method, "--unix-socket", socket,
            ] + data + ["http://localhost\(path)"])
    }

    private static func decode<Value: Decodable>(
        _ type: Value.Type, _ path: String, in testBed: TestBed, at socket: String
    ) async throws -> Value {
        let answer = try await ask("GET", path, in: testBed, at: socket)
        guard let value = try? JSONDecoder().decode(type, from: Data(answer.output)) else {
            throw TestBedError("\(path) is not answered", log: "\(answer)")
        }
        return value
    }

    // MARK: As Alice

    /// Logs in with her key, and looks at whose keys are let in.
    ///
    /// - Parameter name: what the builder is called; nil: by its own first name.
    func login(calling name: String? = nil) async throws -> Finished {
        try await ssh(
            "\(testBed.client)/alice",
            ["UserKnownHostsFile=\(testBed.folder)/authority", "HostKeyAlias=\(name ?? "job-\(job)")"])
    }

    /// Whose keys are let in, as the runner finds it, whose own key is always let in.
    func peoplesKeys() async throws -> [String] {
        let machine = "\(state)/machines/\(job)"
        let finished = try await ssh(
            "\(state)/identity", ["UserKnownHostsFile=\(machine)/known_hosts", "HostKeyAlias=builder"])
        guard finished.status == 0 else { throw TestBedError("no way in", log: "\(finished)") }
        // Before each key are options, and before the keys what the builder says of itself.
        return finished.text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map {
            $0.split(separator: " ").suffix(2).joined(separator: " ")
        }
    }

    /// Throws when anybody's key is still there after a minute.
    func waitUntilNoKeyIsIn() async throws {
        let start = ContinuousClock.now
        while try await !peoplesKeys().isEmpty {
            guard start.duration(to: .now) < .seconds(60) else {
                throw TestBedError("a key stays in the builder", log: await testBed.logTails())
            }
        }
    }

    private func ssh(_ identity: String, _ options: [String]) async throws -> Finished {
        let options =
            options + [
                "BatchMode=yes", "IdentitiesOnly=yes", "IdentityAgent=none", "IdentityFile=\(identity)",
                "StrictHostKeyChecking=yes", "GlobalKnownHostsFile=none",
            ]
        return try await run(
            ["ssh", "-F", "none", "-T"] + options.flatMap { ["-o", $0] }
                + [
                    "-p", "\(BuilderNetwork.port)", "\(authority.user)@127.0.0.1",
                    "cat /run/sallyport/people_keys",
                ])
    }

    /// Runs a command where the builder listens.
    func run(_ command: [String]) async throws -> Finished {
        try await testBed.run(network.words(command))
    }

    private struct Key: Decodable {
        struct Owner: Decodable { var id: String }
        var owner: Owner
    }

    private struct Claim: Decodable {
        var id: String
        var keyAdmitted: Bool?

        enum CodingKeys: String, CodingKey {
            case id
            case keyAdmitted = "key_admitted"
        }
    }
}
