import BuildAPI
import ConfigurationFile
import Foundation
import NIOHTTP1
import Testing

@testable import Runner

@Suite("Groups: their jobs, their limits, and who is in them")
struct GroupTests {
    /// Alice and Bob, who is in the team; so is she, unless `withAlice` is false.
    private func people(_ service: TestService, withAlice: Bool = true) async throws {
        try await service.addAlice()
        try await service.addBob()
        for name in withAlice ? ["alice", "bob"] : ["bob"] {
            #expect(try await service.client.send(.PUT, "/v1/people/\(name)/groups/team").status == 204)
        }
    }

    private func list(_ owner: String, _ service: TestService) async throws -> [String] {
        let path = "/v1/jobs?owner=\(owner)&shared=true"
        return try await service.client.send(.GET, path).decode(JobList.self).jobs.map(\.id.description)
    }

    @Test("a group's job is everyone's in it; leaving it ends a session, whoever has submitted the job")
    func membership() async throws {
        try await TestService.run { service in
            try await people(service)
            let job = try await service.failedJob(query: "owner=alice&group=team&visibility=private")
            #expect(job.owner == .group(Group(name: "team")) && job.owner.id == "@team")
            #expect(job.submitter == Person(id: "1", name: "alice"))
            #expect(try await list("1", service) == ["1"])
            #expect(try await list("2", service) == ["1"])
            let own = try await service.client.send(.GET, "/v1/jobs?owner=1").decode(JobList.self)
            #expect(own.jobs.isEmpty)

            let path = "/v1/keys/\(TestService.aliceFingerprint.percentEncoded)"
            #expect(
                try await service.client.send(.GET, path).decode(Key.self).groups == [Group(name: "team")])
            for (name, person) in [("alice", 1), ("bob", 1), ("alice", 2)] {
                let path = "/v1/jobs/1/shares/\(name)?person=\(person)"
                let shared = try await service.client.send(.PUT, path)
                #expect(shared.status == 409 && shared.text.contains("is in @team"))
            }
            let hers = try await service.claim("1", session: "a").decode(Claim.self)
            let his = try await service.claim("1", session: "b", byBob: true).decode(Claim.self)
            #expect(try await service.client.send(.DELETE, "/v1/people/alice/groups/team").status == 204)
            #expect(try await service.client.send(.POST, "/v1/claims/\(hers.id)/heartbeat").status == 410)
            #expect(try await service.client.send(.POST, "/v1/claims/\(his.id)/heartbeat").status == 200)
            #expect(try await service.client.send(.GET, path).decode(Key.self).groups == nil)
            #expect(try await service.claim("1", session: "c").status == 403)
            #expect(try await list("1", service) == [])
            #expect(
                try await service.client.send(.DELETE, "/v1/jobs/1/builder?person=1").status == 403)
            #expect(
                try await service.client.send(.DELETE, "/v1/jobs/1/builder?person=2").status == 200)
            let over = try await service.job("1") { $0.builder == nil }
            #expect(over.builderEnd == .init(reason: .released, by: Person(id: "2", name: "bob")))
        }
    }

    @Test("only members submit for a group, and its limits are its own")
    func limits() async throws {
        try await TestService.run(slots: 0, limits: .with { $0.queuedPerOwner = 2 }) { service in
            try await people(service, withAlice: false)
            let refused = try await service.submission("  - a: x", query: "owner=alice&group=team")
            #expect(refused.status == 403 && refused.text.contains("alice is not in the group @team."))
            for name in ["", "@team", "a%20b", String(repeating: "x", count: 65)] {
                let query = "owner=bob&group=\(name)"
                #expect(try await service.submission("  - a: x", query: query).status == 403, "\(name)")
            }
            _ = try await service.client.send(.PUT, "/v1/people/alice/groups/team")
            for name in ["alice", "bob"] {
                _ = try await service.submit("  - a: x", query: "owner=\(name)&group=team")
            }
            let full = try await service.submission("  - a: x", query: "owner=alice&group=team")
            #expect(full.status == 429 && full.text.contains("@team already has 2 waiting jobs"))
            // Their own limits are untouched.
            for name in ["alice", "bob"] { _ = try await service.submit("  - a: x", query: "owner=\(name)") }
            #expect(try await list("1", service) == ["3", "2", "1"])
        }
    }

    @Test("the log of a group's job speaks of the group")
    func log() async throws {
        try await TestService.run(limits: .with { $0.keptPerOwner = 1 }) { service in
            try await people(service)
            _ = try await service.failedJob(query: "owner=alice&group=team")
            _ = try await service.submit("  - a: exit 1", query: "owner=bob&group=team")
            _ = try await service.log(
                "2", "setup", when: "the builder is not kept: @team has 1 kept builder, which is the limit")
        }
    }

    @Test("a job is shared with a group: those who are in it can enter, and nothing else")
    func shares() async throws {
        try await TestService.run { service in
            try await people(service, withAlice: false)
            _ = try await service.failedJob(query: "owner=alice&visibility=private")
            let share = "/v1/jobs/1/shares/@team?person=1"
            for _ in 1...2 {
                let shared = try await service.client.send(.PUT, share).decode(Job.self)
                #expect(shared.shares == [.group(Group(name: "team"))])
            }
            #expect(try await list("2", service) == ["1"])
            #expect(try await service.claim("1", byBob: true).status == 201)
            #expect(try await service.client.send(.POST, "/v1/jobs/1/cancel?person=2").status == 403)
            for name in ["@teams", "team", "@", "@1"] {
                let path = "/v1/jobs/1/shares/\(name)?person=1"
                // A mistyped name is not one that has been taken out.
                for method in [HTTPMethod.PUT, .DELETE] {
                    #expect(try await service.client.send(method, path).status == 422, "\(name)")
                }
            }
            // A group that nobody is in any more is still taken out.
            _ = try await service.client.send(.DELETE, "/v1/people/bob/groups/team")
            #expect(try await service.client.send(.DELETE, share).decode(Job.self).shares.isEmpty)
            #expect(try await service.client.send(.PUT, share).status == 422)
        }
    }

    @Test("who can be put into a group, and what one is called")
    func names() async throws {
        try await TestService.run { service in
            try await people(service)
            for (path, status) in [
                ("nobody/groups/team", 404), ("alice/groups/@team", 422), ("alice/groups/12", 422),
                ("alice/groups/a%20b", 422), ("alice/groups/a.b+c", 204), ("2/groups/team", 404),
            ] {
                #expect(try await service.client.send(.PUT, "/v1/people/\(path)").status == status, "\(path)")
            }
            let accounts = try await service.client.send(.GET, "/v1/people").decode(AccountList.self)
            #expect(accounts.people[0].groups?.map(\.name) == ["a.b+c", "team"])
            for number in 1...98 {
                _ = try await service.client.send(.PUT, "/v1/people/alice/groups/g\(number)")
            }
            let last = try await service.client.send(.PUT, "/v1/people/alice/groups/last")
            #expect(last.status == 429 && last.text.contains("100 groups"))
            // At the limit, what is so already is not an error, and there is a way back.
            #expect(try await service.client.send(.PUT, "/v1/people/alice/groups/team").status == 204)
            #expect(try await service.client.send(.DELETE, "/v1/people/alice/groups/team").status == 204)
            // An account that an operator adds is no group's.
            let key = NewKey(owner: "@team", key: TestService.aliceKey)
            #expect(try await service.send(.POST, "/v1/keys", key).status == 422)
        }
    }

    @Test("a source says who is in a group, and when no longer")
    func sourced() async throws {
        let source = FakeSource()
        try source.set("alice", [TestService.aliceKey], groups: ["team", "all"])
        var rules = PeopleRules()
        (rules.source, rules.permitsLocalKeys) = (source, false)
        try await TestService.run(people: rules) { service in
            let path = "/v1/keys/\(TestService.aliceFingerprint.percentEncoded)"
            let key = try await service.client.send(.GET, path).decode(Key.self)
            #expect(key.groups?.map(\.name) == ["all", "team"])
            _ = try await service.failedJob(query: "owner=alice&group=team")
            let claim = try await service.claim("1").decode(Claim.self)
            // What an operator says counts as well.
            _ = try await service.client.send(.PUT, "/v1/people/alice/groups/all")
            try source.set("alice", [TestService.aliceKey])
            let heartbeat = "/v1/claims/\(claim.id)/heartbeat"
            let begin = service.clock.now
            try await service.wait { try await service.client.send(.POST, heartbeat).status == 410 }
            #expect(service.clock.now.timeIntervalSince(begin) <= 61)
            let accounts = try await service.client.send(.GET, "/v1/people").decode(AccountList.self)
            #expect(accounts.people[0].groups?.map(\.name) == ["all"])
            // What the source says, an operator cannot undo.
            try source.set("alice", [TestService.aliceKey], isAdministrator: true, groups: ["team"])
            try await service.wait {
                try await service.client.send(.GET, path).decode(Key.self).administrator
            }
            for (part, words) in [
                ("groups/team", "in the group @team"), ("administration", "an administrator"),
            ] {
                let refused = try await service.client.send(.DELETE, "/v1/people/alice/\(part)")
                #expect(refused.status == 409 && refused.text.contains("alice is still \(words)"))
            }
            #expect(try await service.client.send(.DELETE, "/v1/people/alice/groups/all").status == 204)
        }
    }
}
