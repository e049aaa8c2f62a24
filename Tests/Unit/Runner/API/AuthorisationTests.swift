import BuildAPI
import Foundation
import NIOHTTP1
import Policy
import Testing

@testable import Runner

/// The runner decides by the same policy as the gateway, for every request that names a person.
@Suite("Who is allowed to do what, whatever a gateway says")
struct AuthorisationTests {
    private static let requests: [(action: Action, method: HTTPMethod, path: String)] = [
        (.extend, .PUT, "deadline"), (.hold, .PUT, "hold"), (.hold, .DELETE, "hold"),
        (.share, .PUT, "shares/carol"), (.share, .DELETE, "shares/carol"), (.look, .GET, "logs/setup"),
        (.look, .GET, "events"), (.look, .GET, "artifacts"), (.look, .GET, "artifacts/a/b"),
        (.release, .DELETE, "builder"), (.cancel, .POST, "cancel"),
    ]

    /// Alice is 1, her guest 2, an administrator 3, a stranger 4; Dave, who is 6, is in the group that owns a job of Alice's.
    private static let people: [Standing: String] = [
        .owner: "1", .member: "6", .shared: "2", .administrator: "3", .stranger: "4",
    ]

    @Test("every request by everyone", arguments: Standing.allCases, Visibility.allCases)
    func table(standing: Standing, visibility: Visibility) async throws {
        try await TestService.run { service in
            try await prepare(service)
            for request in Self.requests {
                _ = try await service.client.send(.DELETE, "/v1/jobs/1/hold")
                let group = standing == .member ? "&group=team" : ""
                let job = try await service.failedJob(query: "owner=alice&visibility=\(visibility)\(group)")
                _ = try await service.client.send(.PUT, "/v1/jobs/\(job.id)/shares/bob")
                let path = "/v1/jobs/\(job.id)/\(request.path)?person=\(Self.people[standing]!)"
                let status = try await send(request.method, path, service)
                let account = try #require(
                    try await accounts(service).first { $0.id == Self.people[standing] })
                let present = try await service.job("\(job.id)")
                let isAllowed =
                    (try? Permit.decide(
                        request.action, on: present.id, present, for: try Principal.identify(account)))
                    != nil
                #expect((status == 403) == !isAllowed, "\(request): \(status)")
                _ = try await service.client.send(.DELETE, "/v1/jobs/\(job.id)/builder")
            }
        }
    }

    @Test("a suspended person cannot even look, and nobody is looked up for a stranger")
    func suspended() async throws {
        try await TestService.run { service in
            try await prepare(service)
            let job = try await service.failedJob()
            _ = try await service.client.send(.PUT, "/v1/people/alice/suspension")
            for request in Self.requests {
                let path = "/v1/jobs/\(job.id)/\(request.path)?person=1"
                #expect(try await send(request.method, path, service) == 403, "\(request)")
            }
            // Only people who can share learn whether that name exists.
            for name in ["bob", "nobody"] {
                let path = "/v1/jobs/\(job.id)/shares/\(name)?person=4"
                #expect(try await send(.PUT, path, service) == 403)
            }
        }
    }

    private func prepare(_ service: TestService) async throws {
        for name in ["alice", "bob", "root", "mallory", "carol", "dave"] {
            let key = NewKey(owner: name, key: try Self.key())
            #expect(try await service.send(.POST, "/v1/keys", key).status == 201)
        }
        _ = try await service.client.send(.PUT, "/v1/people/root/administration")
        for name in ["alice", "dave"] {
            #expect(try await service.client.send(.PUT, "/v1/people/\(name)/groups/team").status == 204)
        }
    }

    private func accounts(_ service: TestService) async throws -> [Account] {
        try await service.client.send(.GET, "/v1/people").decode(AccountList.self).people
    }

    private func send(
        _ method: HTTPMethod, _ path: String, _ service: TestService
    ) async throws -> UInt {
        path.contains("/deadline")
            ? UInt(try await service.send(method, path, NewDeadline(seconds: 900)).status)
            : UInt(try await service.client.send(method, path) { _ in false }.status)
    }

    /// An ed25519 key without a private half.
    static func key() throws -> String {
        var blob = Data([0, 0, 0, 11]) + Data("ssh-ed25519".utf8) + Data([0, 0, 0, 32])
        for _ in 0..<32 { blob.append(UInt8.random(in: 0...255)) }
        return "ssh-ed25519 \(blob.base64EncodedString())"
    }
}
