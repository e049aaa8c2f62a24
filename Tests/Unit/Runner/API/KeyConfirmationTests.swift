import BuildAPI
import Foundation
import NIOHTTP1
import Testing

@testable import Runner

/// `POST /v1/keys/{fingerprint}/confirmation`, as a gateway asks for it.
@Suite("The confirmation of keys")
struct KeyConfirmationTests {
    @Test("a pending key opens nothing, and a word makes it a key like others")
    func confirmation() async throws {
        try await NetworkFiles.with { files in
            try await TestService.run(network: files) { service in
                let client = try #require(service.overNetwork)
                func ask(_ role: Role, _ path: String, _ body: some Encodable) async throws
                    -> HTTPClient.Answer
                {
                    try await client.send(
                        .POST, path,
                        headers: [
                            "Authorization": "Bearer \(files.tokens[role] ?? "")",
                            "Content-Type": "application/json",
                        ], body: String(decoding: try JSON.encode(body), as: UTF8.self))
                }
                try await service.addAlice()
                // With a key that is someone else's, or nobody's, nothing is asked for alice.
                for session in [TestService.bobFingerprint, "SHA256:x", ""] {
                    let key = "key=\(session.percentEncoded)"
                    let refused = try await ask(
                        .gateway, "/v1/keys?limits=confirm&\(key)",
                        NewKey(owner: "1", key: TestService.bobKey))
                    #expect(refused.status == 403 && refused.text.contains("no longer yours"))
                    let submitted = try await service.client.send(
                        .POST, "/v1/jobs?owner=alice&\(key)", headers: ["Content-Type": "application/yaml"],
                        body: "image: debian\ntasks:\n  - a: exit 0\n")
                    #expect(submitted.status == 403)
                }
                let job = try await service.failedJob()
                let new = NewKey(owner: "1", key: TestService.bobKey)
                let added = try await ask(.gateway, "/v1/keys?limits=confirm", new).decode(Key.self)
                let word = try #require(added.word)
                func claim() async throws -> HTTPClient.Answer {
                    let request = ClaimRequest(
                        session: "s", kind: .exec, person: .init(id: "1"),
                        keyFingerprint: TestService.bobFingerprint, key: TestService.bobKey, from: "::1")
                    return try await ask(.gateway, "/v1/jobs/\(job.id)/claims", request)
                }
                #expect(try await claim().status == 403)
                let path = "/v1/keys/\(TestService.bobFingerprint.percentEncoded)"
                #expect(try await service.client.send(.GET, path).status == 404)
                let confirmation = KeyConfirmation(word: word)
                let confirm = "\(path)/confirmation"
                #expect(try await ask(.keys, confirm, confirmation).status == 403)
                #expect(try await ask(.gateway, confirm, KeyConfirmation(word: "2222-2222")).status == 403)
                #expect(try await ask(.gateway, confirm, ["text": word]).status == 400)
                #expect(
                    try await ask(.gateway, "/v1/keys/SHA256%3Ax/confirmation", confirmation).status == 404)
                let answer = try await ask(.gateway, confirm, confirmation)
                let key = try answer.decode(Key.self)
                #expect(answer.status == 200 && key.owner.name == "alice" && key.limits == nil)
                #expect(try await ask(.gateway, confirm, confirmation).status == 409)
                #expect(try await service.client.send(.GET, path).decode(Key.self) == key)
                #expect(try await claim().status == 201)
            }
        }
    }

    @Test("an operator's keys are not pending")
    func operators() async throws {
        try await TestService.run { service in
            let new = NewKey(owner: "bob", key: TestService.bobKey)
            let added = try await service.send(.POST, "/v1/keys?limits=confirm", new)
            #expect(added.status == 201)
            let key = try added.decode(Key.self)
            #expect(key.isUnlimited && key.word == nil && key.added == service.clock.now)
        }
    }
}
