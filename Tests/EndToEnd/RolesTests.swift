import TestBed
import Testing

/// The roles of real users on the runner's socket, and of tokens on the network.
@Suite struct RolesTests {
    private static let files = TestBed.networkFiles

    /// A request, and the status for *keys*, *gateway* and *operator*. Beyond 401 and 403 a status says what there is,
    /// for a request without a body about what does not exist.
    private static let requests: [(request: String, keys: Int, gateway: Int, operator: Int)] = [
        ("GET /v1/keys/SHA256%3Anobody", 404, 404, 404),
        ("DELETE /v1/keys/SHA256%3Anobody", 403, 403, 404),
        ("GET /v1/keys", 403, 403, 200),
        ("GET /v1/keys?owner=999999", 403, 200, 200),
        ("DELETE /v1/keys/SHA256%3Anobody?owner=999999", 403, 404, 404),
        ("POST /v1/keys", 403, 415, 415),
        ("POST /v1/keys/SHA256%3Anobody/confirmation", 403, 415, 415),
        ("GET /v1/jobs", 403, 200, 200),
        ("POST /v1/jobs", 403, 415, 415),
        ("GET /v1/jobs/999999", 403, 404, 404),
        ("GET /v1/jobs/999999/events", 403, 404, 404),
        ("GET /v1/jobs/999999/logs/setup", 403, 404, 404),
        ("GET /v1/jobs/999999/artifacts", 403, 404, 404),
        ("GET /v1/jobs/999999/artifacts/a/b", 403, 404, 404),
        ("POST /v1/jobs/999999/claims", 403, 415, 415),
        ("POST /v1/jobs/999999/cancel", 403, 403, 404),
        ("POST /v1/jobs/999999/reruns", 403, 403, 415),
        ("PUT /v1/jobs/999999/deadline", 403, 403, 415),
        ("PUT /v1/jobs/999999/hold", 403, 403, 404),
        ("PUT /v1/jobs/999999/shares/alice", 403, 403, 404),
        ("DELETE /v1/jobs/999999/builder", 403, 403, 404),
        ("DELETE /v1/jobs/999999/sessions/n6mkrpr97f", 403, 403, 404),
        // A gateway says for whom; nobody has that id.
        ("POST /v1/jobs/999999/cancel?person=999999", 403, 422, 422),
        ("POST /v1/jobs/999999/reruns?person=999999", 403, 422, 422),
        ("PUT /v1/jobs/999999/deadline?person=999999", 403, 422, 422),
        ("PUT /v1/jobs/999999/hold?person=999999", 403, 422, 422),
        ("DELETE /v1/jobs/999999/shares/alice?person=999999", 403, 422, 422),
        ("DELETE /v1/jobs/999999/builder?person=999999", 403, 422, 422),
        ("GET /v1/jobs/999999/events?person=999999", 403, 422, 422),
        ("GET /v1/jobs/999999/logs/setup?person=999999", 403, 422, 422),
        ("GET /v1/jobs/999999/artifacts?person=999999", 403, 422, 422),
        ("GET /v1/host-authority", 403, 200, 200),
        ("GET /v1/terms", 403, 404, 404),
        ("PUT /v1/terms/1/acceptances/999999", 403, 404, 404),
        ("GET /v1/people", 403, 403, 200),
        ("PUT /v1/people/nobody/suspension", 403, 403, 404),
        ("DELETE /v1/people/nobody", 403, 403, 404),
        ("DELETE /v1/people/nobody/administration", 403, 403, 404),
        ("POST /v1/claims/999999/heartbeat", 403, 404, 404),
        ("DELETE /v1/claims/999999?reason=done", 403, 404, 404),
    ]

    enum Who: String, CaseIterable {
        case root, builds
        case keys = "sallyport-keys"
        case nobody

        func expected(_ row: (request: String, keys: Int, gateway: Int, operator: Int)) -> Int {
            switch self {
            case .root: row.operator
            case .builds: row.gateway
            case .keys: row.keys
            case .nobody: 403
            }
        }
    }

    @Test(arguments: Who.allCases) func aUserOfTheSocketHasARole(who: Who) async throws {
        let testBed = try await SharedTestBed.get()
        let statuses = try await ask(
            [
                "setpriv", "--reuid", who.rawValue, "--regid", who == .nobody ? "nogroup" : who.rawValue,
                "--clear-groups",
            ],
            ["--unix-socket", "\(testBed.folder)/run/api.sock"], at: "http://localhost", in: testBed)
        #expect(statuses == Self.requests.map { "\($0.request) \(who.expected($0))" })
    }

    @Test(arguments: ["keys", "gateway", "operator", nil]) func aTokenHasARole(role: String?) async throws {
        let testBed = try await SharedTestBed.get()
        let header = try await testBed.run([
            "/bin/sh", "-euc",
            """
            cd \(Self.files)
            umask 077
            if [ -n "$1" ]; then echo "Authorization: Bearer $(cat "token-$1")"; fi >header
            """, "sh", role ?? "",
        ])
        await expect(header, status: 0, in: testBed)
        let statuses = try await ask(
            [], ["--cacert", "\(Self.files)/authority.pem", "--header", "@\(Self.files)/header"],
            at: "https://127.0.0.1:\(try await testBed.runnerPort())", in: testBed)
        #expect(
            statuses
                == Self.requests.map { row in
                    let status = ["keys": row.keys, "gateway": row.gateway, "operator": row.operator]
                    return "\(row.request) \(role.flatMap { status[$0] } ?? 401)"
                })
    }

    /// `GET /path status` for each request.
    private func ask(
        _ prefix: [String], _ options: [String], at url: String, in testBed: TestBed
    ) async throws -> [String] {
        let asked = try await testBed.run(
            prefix + [
                "/bin/bash", "-euc",
                """
                url=$1; shift
                while read -r method path; do
                    status=$(curl -q -s -m 10 -o /dev/null -w '%{http_code}' -X "$method" "$@" "$url$path")
                    echo "$method $path $status"
                done
                """, "bash", url,
            ] + options, input: Self.requests.map(\.request).joined(separator: "\n") + "\n")
        await expect(asked, status: 0, in: testBed)
        return asked.text.split(separator: "\n").map(String.init)
    }

    /// Without root, the tool says so, and does nothing.
    @Test func theOperatorsToolSaysWhoMayNot() async throws {
        let testBed = try await SharedTestBed.get()
        for (who, status) in [("root", Int32(0)), ("builds", 77), ("sallyport-keys", 77)] {
            let asked = try await testBed.run([
                "setpriv", "--reuid", who, "--regid", who, "--clear-groups",
                "\(Repository.programs)/sallyport",
                "people", "list",
            ])
            await expect(
                asked, status: status,
                errors: status == 0 ? [] : ["sallyport: This user is not allowed to do that."],
                in: testBed)
        }
    }
}
