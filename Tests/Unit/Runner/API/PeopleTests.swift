import BuildAPI
import ConfigurationFile
import Foundation
import GRDB
import NIOHTTP1
import Testing

@testable import Runner

@Suite("People, their keys, and what they have accepted")
struct PeopleTests {
    @Test("an operator suspends people and makes administrators")
    func people() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            try await service.addBob()
            func people() async throws -> [Account] {
                try await service.client.send(.GET, "/v1/people").decode(AccountList.self).people
            }
            #expect(
                try await people() == [Account(id: "1", name: "alice"), Account(id: "2", name: "bob")])
            for isSet in [true, false] {
                let method = isSet ? HTTPMethod.PUT : .DELETE
                for path in ["bob/suspension", "alice/administration"] {
                    for _ in 1...2 {
                        #expect(try await service.client.send(method, "/v1/people/\(path)").status == 204)
                    }
                    let unknown = "/v1/people/nobody/suspension"
                    #expect(try await service.client.send(method, unknown).status == 404)
                }
                #expect(
                    try await people() == [
                        Account(id: "1", name: "alice", administrator: isSet),
                        Account(id: "2", name: "bob", suspended: isSet),
                    ])
            }
        }
    }

    @Test("a suspended person's sessions end at the next heartbeat, and no new one begins")
    func suspension() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            _ = try await service.failedJob()
            let claim = try await service.claim("1").decode(Claim.self)
            let suspension = "/v1/people/alice/suspension"
            _ = try await service.client.send(.PUT, suspension)
            #expect(try await service.client.send(.POST, "/v1/claims/\(claim.id)/heartbeat").status == 410)
            #expect(try await service.job("1").sessions.isEmpty)
            let refusal = try await service.claim("1")
            #expect(
                try refusal.status == 403 && refusal.decode(Problem.self).type == "urn:sallyport:suspended")
            // A gateway may have looked the person up before that.
            for (method, path) in [
                (HTTPMethod.PUT, "hold"), (.POST, "cancel"), (.PUT, "shares/bob"), (.DELETE, "builder"),
            ] {
                let answer = try await service.client.send(method, "/v1/jobs/1/\(path)?person=1")
                #expect(answer.status == 403 && answer.text.contains("This person is suspended."), "\(path)")
            }
            #expect(try await service.submission("  - a: exit 0").status == 403)
            #expect(try await service.job("1").builder?.state == .kept)
            _ = try await service.client.send(.DELETE, suspension)
            #expect(try await service.claim("1").status == 201)
        }
    }

    @Test("an administrator can enter other people's jobs until they are demoted")
    func administrator() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            try await service.addBob()
            _ = try await service.failedJob()
            let administration = "/v1/people/bob/administration"
            _ = try await service.client.send(.PUT, administration)
            let claim = try await service.claim("1", byBob: true).decode(Claim.self)
            let heartbeat = "/v1/claims/\(claim.id)/heartbeat"
            #expect(try await service.client.send(.POST, heartbeat).status == 200)
            _ = try await service.client.send(.DELETE, administration)
            #expect(try await service.client.send(.POST, heartbeat).status == 410)
            #expect(try await service.claim("1", byBob: true).status == 403)
        }
    }

    @Test("nobody enters without accepting the terms of use, and accepting is for one version")
    func terms() async throws {
        let folder = TestService.makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let supply = FakeProvider()
        let first = TermsOfUse(version: "1", text: "Be kind.\n")
        try await TestService.run(supply: supply, folder: folder, terms: first) { service in
            try await service.addAlice()
            _ = try await service.failedJob()
            #expect(try await service.client.send(.GET, "/v1/terms").decode(TermsOfUse.self) == first)
            #expect(try await Self.unacceptedTerms(service) == "1")
            let refusal = try await service.claim("1")
            #expect(try refusal.status == 403 && refusal.decode(Problem.self).type == "urn:sallyport:terms")
            for (path, status) in [
                ("2/acceptances/1", 409), ("1/acceptances/9", 404), ("1/acceptances/alice", 404),
            ] {
                #expect(try await service.client.send(.PUT, "/v1/terms/\(path)").status == status)
            }
            for _ in 1...2 {
                #expect(try await service.client.send(.PUT, "/v1/terms/1/acceptances/1").status == 204)
            }
            #expect(try await Self.unacceptedTerms(service) == nil)
            #expect(try await service.claim("1").status == 201)
        }
        let second = TermsOfUse(version: "2", text: "Be good.\n")
        try await TestService.run(supply: supply, folder: folder, terms: second) { service in
            #expect(try await Self.unacceptedTerms(service) == "2")
            // People who are inside stay.
            let sessions = try await service.job("1").sessions
            #expect(sessions.count == 1)
            #expect(try await service.claim("1", session: "s2").status == 403)
        }
        let accepted = try await SQLiteStore(path: folder + "/runner.sqlite").read { database in
            try String.fetchAll(
                database, sql: "SELECT person || ' ' || version || ' ' || accepted FROM acceptance")
        }
        #expect(accepted == ["1 1 \(start.formatted(.iso8601))"])
    }

    @Test("without terms of use there is nothing to accept")
    func noTerms() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            #expect(try await service.client.send(.GET, "/v1/terms").status == 404)
            #expect(try await service.client.send(.PUT, "/v1/terms/1/acceptances/1").status == 404)
            #expect(try await Self.unacceptedTerms(service) == nil)
        }
    }

    @Test("the version of terms of use is the beginning of the file's sha256sum")
    func termsFile() throws {
        let folder = TestService.makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/terms.txt"
        try Data("test".utf8).write(to: URL(filePath: path))
        #expect(try TermsOfUse(file: path) == TermsOfUse(version: "9f86d081884c", text: "test"))
        for (text, complaint) in [
            (" \n", "the file is empty"), (String(repeating: "a", count: (64 << 10) + 1), "at most 64 KiB"),
        ] {
            try Data(text.utf8).write(to: URL(filePath: path))
            let error = #expect(throws: ConfigurationError.self) { try TermsOfUse(file: path) }
            #expect(error?.description.contains(complaint) == true && error?.path == path)
        }
        let error = #expect(throws: ConfigurationError.self) { try TermsOfUse(file: folder + "/absent") }
        #expect(error?.description == "\(folder)/absent: cannot be read: No such file or directory")
    }

    private static func unacceptedTerms(_ service: TestService) async throws -> String? {
        try await service.client.send(.GET, "/v1/keys/" + TestService.aliceFingerprint.percentEncoded)
            .decode(Key.self).unacceptedTerms
    }

    @Test("a gateway adds, lists and removes the keys of one known person")
    func keysThroughAGateway() async throws {
        try await NetworkFiles.with { files in
            try await TestService.run(network: files) { service in
                let client = try #require(service.overNetwork)
                func ask(_ method: HTTPMethod, _ path: String, _ body: NewKey? = nil) async throws
                    -> HTTPClient.Answer
                {
                    try await client.send(
                        method, path,
                        headers: [
                            "Authorization": "Bearer \(files.tokens[.gateway] ?? "")",
                            "Content-Type": "application/json",
                        ], body: try body.map { String(decoding: try JSON.encode($0), as: UTF8.self) })
                }
                try await service.addAlice()
                let own = NewKey(owner: "1", key: TestService.bobKey + " second")
                let add = "/v1/keys?limits=confirm"
                let added = try await ask(.POST, add, own).decode(Key.self)
                #expect(added.owner.name == "alice" && added.limits == [.confirm] && added.word != nil)
                let taken = try await ask(.POST, add, NewKey(owner: "1", key: TestService.aliceKey))
                #expect(taken.status == 409 && taken.text.contains("already yours"))
                // An earlier gateway would say that the key can be used.
                let early = try await ask(.POST, "/v1/keys", own)
                #expect(early.status == 403 && early.text.contains("too old"))
                for owner in ["alice", "7", ""] {
                    let key = NewKey(owner: owner, key: TestService.bobKey)
                    #expect(try await ask(.POST, add, key).status == 422, "\(owner)")
                }
                func comments(_ query: String) async throws -> [String] {
                    try await ask(.GET, "/v1/keys?owner=1\(query)").decode(KeyList.self).keys.map(\.comment)
                }
                #expect(try await comments("") == [""])
                #expect(try await comments("&limits=attach") == [""])
                #expect(try await comments("&limits=attach,confirm") == ["", "second"])
                #expect(try await ask(.GET, "/v1/keys").status == 403)
                let path = "/v1/keys/" + TestService.bobFingerprint.percentEncoded
                for (query, status) in [("", 403), ("?owner=2", 404), ("?owner=1", 204), ("?owner=1", 404)] {
                    #expect(try await ask(.DELETE, path + query).status == status)
                }
                // Nobody learns that it is someone's.
                try await service.addBob()
                let others = try await ask(.POST, add, own)
                #expect(others.status == 201 && !others.text.contains("bob"))
                #expect(try await ask(.GET, path).decode(Key.self).owner.name == "bob")
                #expect(try await ask(.GET, path + "?limits=confirm").decode(Key.self).owner.name == "bob")
                #expect(try await ask(.DELETE, path + "?owner=1").status == 204)
                #expect(try await ask(.DELETE, path + "?owner=1").status == 404)
                _ = try await service.client.send(.PUT, "/v1/people/alice/suspension")
                #expect(try await ask(.POST, add, own).status == 403)
            }
        }
    }
}
