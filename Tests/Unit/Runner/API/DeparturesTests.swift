import BuildAPI
import Foundation
import NIOHTTP1
import Testing

@testable import Runner

/// People who leave: what they lose, and what stays of them.
@Suite("People who leave") struct DeparturesTests {
    @Test("keys, pending ones too, shares, groups and sessions go; jobs stay")
    func removal() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            try await service.addBob()
            _ = try await service.failedJob()
            _ = try await service.failedJob(query: "owner=bob")
            let client = service.client
            for path in [
                "/v1/jobs/1/shares/bob", "/v1/people/bob/groups/team", "/v1/people/bob/administration",
            ] {
                #expect(try await client.send(.PUT, path).status < 300, "\(path)")
            }
            let claim = try await service.claim("1", byBob: true).decode(Claim.self)
            #expect(try await client.send(.DELETE, "/v1/people/bob").status == 204)
            let key = "/v1/keys/" + TestService.bobFingerprint.percentEncoded
            #expect(try await client.send(.GET, key).status == 404)
            #expect(try await client.send(.POST, "/v1/claims/\(claim.id)/heartbeat").status == 410)
            let left = try await service.job("1")
            #expect(left.shares.isEmpty && left.sessions.isEmpty)
            #expect(try await service.job("2").owner.name == "bob")
            let people = try await client.send(.GET, "/v1/people").decode(AccountList.self).people
            #expect(people.last == Account(id: "2", name: "bob"))
            // Whom nobody knows, by an id, and a second time.
            for (name, status) in [("nobody", 404), ("2", 404), ("bob", 204)] {
                #expect(try await client.send(.DELETE, "/v1/people/\(name)").status == status)
            }
            // Whoever comes back with a key is the same person.
            try await service.addBob()
            #expect(try await client.send(.GET, key).decode(Key.self).owner.id == "2")
        }
    }

    @Test("a forgotten name is a number everywhere, and somebody else's if it comes again")
    func forgetting() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            try await service.addBob()
            let client = service.client
            _ = try await service.failedJob()
            _ = try await service.failedJob(query: "owner=bob")
            #expect(try await client.send(.PUT, "/v1/jobs/1/shares/bob").status == 200)
            _ = try await service.claim("1", byBob: true)
            // Bob's own builder lives.
            let refused = try await client.send(.DELETE, "/v1/people/bob?forget=true")
            #expect(refused.status == 409 && refused.text.contains("still live: 2"), "\(refused.text)")
            // And nothing has happened.
            #expect(try await service.job("1").shares.map(\.name) == ["bob"])
            #expect(try await client.send(.DELETE, "/v1/people/bob?forget=1").status == 400)
            #expect(try await client.send(.DELETE, "/v1/jobs/2/builder").status == 200)
            _ = try await service.job("2") { $0.builder == nil }
            #expect(try await client.send(.DELETE, "/v1/people/bob?forget=true").status == 204)
            for list in ["/v1/people", "/v1/jobs", "/v1/jobs/1", "/v1/jobs/2", "/v1/keys"] {
                let answer = try await client.send(.GET, list)
                #expect(answer.status == 200 && !answer.text.contains("bob"), "\(list): \(answer.text)")
            }
            #expect(try await service.job("2").owner == .person(Person(id: "2", name: "2")))
            #expect(try await client.send(.DELETE, "/v1/people/bob?forget=true").status == 404)
            try await service.addBob()
            let key = "/v1/keys/" + TestService.bobFingerprint.percentEncoded
            #expect(try await client.send(.GET, key).decode(Key.self).owner == Person(id: "3", name: "bob"))
        }
    }

    @Test("what the source of people says stays, and is said")
    func sourced() async throws {
        let source = FakeSource()
        try source.set("alice", [TestService.aliceKey])
        var rules = PeopleRules()
        rules.source = source
        try await TestService.run(people: rules) { service in
            let key = "/v1/keys/" + TestService.aliceFingerprint.percentEncoded
            #expect(try await service.client.send(.GET, key).status == 200)
            let refused = try await service.client.send(.DELETE, "/v1/people/alice")
            #expect(refused.status == 409 && refused.text.contains("Remove them there, too"))
            source.remove("alice")
            service.clock.advance(by: 3600)
            #expect(try await service.client.send(.GET, key).status == 404)
            #expect(try await service.client.send(.DELETE, "/v1/people/alice?forget=true").status == 204)
        }
    }

    @Test("a record names nobody any more who has another name", arguments: [true, false])
    func records(isNamed: Bool) {
        let (bob, gone) = (Person(id: "2", name: "bob"), Person(id: isNamed ? "2" : "3", name: "person"))
        let alice = Person(id: "1", name: "alice")
        var job = Job(
            id: JobID("2")!, name: "bob", owner: .person(bob), submitter: bob, status: .failed,
            visibility: .public, shares: [.person(bob), .person(alice), .group(Group(name: "bob"))])
        job.builderEnd = Job.BuilderEnd(reason: .cancelled, by: bob)
        job.entered = [Job.EarlyEntry(person: bob, role: .owner, kind: .shell, since: Date())]
        job.sessions = [
            Job.Session(session: "s", person: bob, kind: .shell, from: "192.0.2.1", since: Date())
        ]
        var record = JobRecord(job: job, build: .init(image: "debian"))
        record.claims = [
            StandingClaim(
                id: "2-x", session: "s", person: bob, fingerprint: "SHA256:x", kind: .shell, isOwners: true,
                from: "192.0.2.1", since: Date(), expires: Date())
        ]
        #expect(record.rename(gone) == isNamed)
        let names = [
            record.job.owner.name, record.job.submitter?.name, record.job.shares[0].name,
            record.job.builderEnd?.by?.name, record.job.entered?[0].person.name,
            record.job.sessions[0].person.name, record.claims[0].person.name,
        ]
        #expect(Set(names) == [isNamed ? "person" : "bob"])
        // A machine and a group can be called like a person.
        #expect(record.job.name == "bob" && record.job.shares[2] == .group(Group(name: "bob")))
        #expect(record.job.shares[1] == .person(alice))
    }
}
