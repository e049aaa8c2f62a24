import BuildAPI
import Foundation
import NIOHTTP1
import Testing

@testable import Runner

@Suite("API v1 with a source of people")
struct SourcedPeopleTests {
    @Test("a session outlives an outage of the source, and ends when nobody knows any more who is inside")
    func outage() async throws {
        let source = FakeSource()
        try source.set("alice", [TestService.aliceKey])
        var rules = PeopleRules()
        (rules.source, rules.permitsLocalKeys, rules.stale) = (source, false, 100)
        try await TestService.run(people: rules) { service in
            let path = "/v1/keys/\(TestService.aliceFingerprint.percentEncoded)"
            #expect(try await service.client.send(.GET, path).status == 200)
            _ = try await service.failedJob()
            let claim = try await service.claim("1").decode(Claim.self)
            let heartbeat = "/v1/claims/\(claim.id)/heartbeat"
            source.fail("connection refused")
            let begin = service.clock.now
            try await service.wait { try await service.client.send(.POST, heartbeat).status == 503 }
            let survived = service.clock.now.timeIntervalSince(begin)
            #expect((80...101).contains(survived), "\(survived)")
            let unknown = try await service.client.send(.GET, path)
            #expect(unknown.status == 503 && unknown.text.contains("who people are now"))
            #expect(try unknown.decode(Problem.self).type == Problem.peopleUnknownType)
            try await service.wait { try await service.client.send(.POST, heartbeat).status == 410 }
            #expect(service.clock.now.timeIntervalSince(begin) <= 101 + 61 + 8)
            try await service.wait { try await service.job("1").sessions.isEmpty }
        }
    }

    @Test("from the first login to the end of a session: all of it as the source says")
    func sessions() async throws {
        let source = FakeSource()
        try source.set("alice", [TestService.aliceKey])
        var rules = PeopleRules()
        (rules.source, rules.permitsLocalKeys) = (source, false)
        rules.keysAt = "https://forge.example/keys"
        try await TestService.run(people: rules) { service in
            let path = "/v1/keys/\(TestService.aliceFingerprint.percentEncoded)"
            let key = try await service.client.send(.GET, path).decode(Key.self)
            #expect(key.owner == Person(id: "1", name: "alice"))
            _ = try await service.failedJob()
            let claim = try await service.claim("1").decode(Claim.self)
            let heartbeat = "/v1/claims/\(claim.id)/heartbeat"
            #expect(try await service.client.send(.POST, heartbeat).status == 200)

            // Someone who has never been here.
            try source.set("bob", [TestService.bobKey])
            for (name, status) in [("bob", 200), ("nobody", 422)] {
                let shared = try await service.client.send(.PUT, "/v1/jobs/1/shares/\(name)?person=1")
                #expect(shared.status == status, "\(name)")
            }
            let refused = try await service.send(
                .POST, "/v1/keys", NewKey(owner: "bob", key: TestService.bobKey))
            #expect(refused.status == 403 && refused.text.contains("Add it at https://forge.example/keys"))
            let removed = try await service.client.send(.DELETE, path)
            #expect(removed.status == 403 && removed.text.contains("Remove it at https://forge.example/keys"))

            #expect(try await service.client.send(.DELETE, "\(path)?owner=1").status == 403)
            #expect(try await service.client.send(.DELETE, "\(path)?owner=2").status == 404)

            // Within a lease: a refresh and a heartbeat, each every third of it.
            source.remove("alice")
            let begin = service.clock.now
            try await service.wait { try await service.client.send(.POST, heartbeat).status == 410 }
            #expect(service.clock.now.timeIntervalSince(begin) < 40)
            #expect(try await service.job("1").sessions.isEmpty)
            #expect(try await service.claim("1").status == 403)
            #expect(try await service.client.send(.GET, path).status == 404)
        }
    }
}
