import BuildAPI
import Testing

@testable import Runner

@Suite("Requests")
struct RequestTests {
    @Test(
        "ranges of bytes",
        arguments: [
            ("bytes=0-", 0..<10), ("bytes=3-", 3..<10), ("bytes=2-4", 2..<5), ("bytes=2-99", 2..<10),
            ("bytes=-3", 7..<10), ("bytes=-99", 0..<10), ("bytes=10-", nil), ("bytes=-0", nil),
        ] as [(String, Range<Int>?)])
    func ranges(header: String, bytes: Range<Int>?) throws {
        #expect(try #require(ByteRange(header)).resolved(size: 10) == bytes)
    }

    @Test(
        "a range that is not one is ignored",
        arguments: [
            "", "bytes", "bytes=", "bytes=-", "bytes=4-2", "bytes=a-", "bytes=1-2,4-5", "lines=1-2",
            "bytes=+1-",
        ])
    func malformedRanges(header: String) {
        #expect(ByteRange(header) == nil)
    }

    @Test("a query is decoded; repeated parameters are refused")
    func query() throws {
        let query = try Query("owner=a%2fb+c&live=true&x")
        #expect(query["owner"] == "a/b c" && query["x"] == "")
        #expect(try query.flag("live") && !query.flag("follow"))
        for text in ["a=1&a=2", "a=%", "a=%zz", "a=%ff"] {
            #expect(throws: RunnerError.self) { try Query(text) }
        }
        #expect(throws: RunnerError.self) { try Query("live=1").flag("live") }
    }

    @Test("paths")
    func paths() {
        let job = JobID("7")!
        #expect(Resource(path: "/v1/keys/SHA256%3Aa%2Fb%2B") == .key(fingerprint: "SHA256:a/b+"))
        #expect(Resource(path: "/v1/jobs/7/logs/a") == .log(job, name: "a"))
        #expect(Resource(path: "/v1/jobs/7/cancel") == .cancellation(job))
        #expect(Resource(path: "/v1/claims/7-1/heartbeat") == .heartbeat(claim: "7-1"))
        #expect(Resource(path: "/v1/jobs/7/shares/b%7Eb") == .share(job, name: "b~b"))
        #expect(Resource(path: "/v1/jobs/7/sessions/n6mk") == .session(job, id: "n6mk"))
        #expect(Resource(path: "/v1/host-authority") == .hostAuthority)
        #expect(Resource(path: "/v1/people/bob") == .person(name: "bob"))
        #expect(
            Resource(path: "/v1/terms/2026-1/acceptances/3") == .acceptance(version: "2026-1", person: "3"))
        for path in [
            "/", "/v1", "/v2/jobs", "/v1/jobs/", "/v1/jobs/..", "/v1/jobs/7/", "/v1/jobs/7/x", "/v1//jobs",
            "/v1/jobs/7/logs", "/v1/jobs/7/logs/a/b", "/v1/jobs/7%2flogs", "/v1/keys/%",
            "/v1/jobs/7/cancel/x", "/v1/jobs/7/shares", "/v1/jobs/7/deadline/x", "/v1/jobs/7/sessions",
            "/v1/people/bob/x",
            "/v1/terms/1/acceptances",
        ] {
            #expect(Resource(path: path) == nil, "\(path)")
        }
    }

    @Test("roles come from the peer's user and group")
    func roles() {
        let roles = Roles(own: 100, gateway: 200, keys: 300, operators: [200, 400], operatorGroup: 500)
        let expected: [(UInt32, UInt32, Role?)] = [
            (0, 0, .operator), (100, 1, .operator), (200, 1, .gateway), (200, 500, .gateway), (300, 1, .keys),
            (400, 1, .operator), (600, 500, .operator), (600, 1, nil), (.max, .max, nil),
        ]
        for (user, group, role) in expected {
            #expect(roles.role(of: Peer(user: user, group: group)) == role)
        }
        #expect(Roles(own: 100).role(of: Peer(user: 600, group: 600)) == nil)
    }

    @Test("which role can do what")
    func permissions() {
        #expect(Role.keys.includes(.keys) && !Role.keys.includes(.gateway) && !Role.keys.includes(.operator))
        #expect(
            Role.gateway.includes(.keys) && Role.gateway.includes(.gateway)
                && !Role.gateway.includes(.operator))
        #expect(Resource.key(fingerprint: "x").role(for: "GET") == .keys)
        #expect(Resource.key(fingerprint: "x").role(for: "DELETE") == .gateway)
        for resource in [
            Resource.people, .person(name: "x"), .suspension(name: "x"), .administration(name: "x"),
        ] {
            #expect(resource.methods.allSatisfy { $0.value == .operator })
        }
    }
}
