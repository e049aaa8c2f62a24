import BuildAPI
import Foundation
import NIOHTTP1
import Provider
import Synchronization
import Testing

@testable import Runner

@Suite("People's keys in builders")
struct AdmissionTests {
    private static let bob = Person(id: "2", name: "bob")

    /// Alice's job, which is shared with Bob.
    private func shared() -> Lifecycle {
        var job = lifecycle()
        job.record.job.shares = [.person(Self.bob)]
        return job
    }

    @discardableResult
    private func enter(
        _ job: inout Lifecycle, _ session: String, _ key: String, _ kind: Claim.Kind = .proxy,
        as person: Person = Person(id: "1", name: "alice")
    ) throws -> (claim: Claim, effects: [Effect]) {
        let request = ClaimRequest(
            session: session, kind: kind, person: .init(id: person.id), keyFingerprint: "f", key: key,
            from: "192.0.2.1")
        return try job.claimed(
            request, by: permit(person, for: job), id: "7-\(session)", at: start)
    }

    private func lines(_ job: Lifecycle) -> [String] { job.admittedKeys.map(\.line) }

    @Test("a key is added once, and removed with its last claim")
    func onceAndLast() throws {
        var job = shared()
        #expect(try enter(&job, "a", "k").effects.contains(.tellPeople))
        try enter(&job, "b", "k")
        #expect(lines(job) == ["k"])
        #expect(job.released("7-a", reason: .lost, at: start).contains(.tellPeople))
        #expect(lines(job) == ["k"])
        #expect(job.released("7-b", reason: .lost, at: start).contains(.tellPeople))
        #expect(job.admittedKeys.isEmpty)
    }

    @Test("each person of a shared job has their own key, which stays when the other's claim ends")
    func secondPerson() throws {
        var job = shared()
        try enter(&job, "a", "k")
        try enter(&job, "b", "l", as: Self.bob)
        #expect(job.admittedKeys.map(\.isOwner) == [true, false])
        #expect(lines(job) == ["k", "l"])
        #expect(job.released("7-a", reason: .lost, at: start).contains(.tellPeople))
        #expect(lines(job) == ["l"])
    }

    @Test(
        "only a claim for people's own connections adds a key, and says so",
        arguments: Claim.Kind.allCases)
    func kinds(kind: Claim.Kind) throws {
        var job = lifecycle()
        let (claim, effects) = try enter(&job, "a", "k", kind)
        #expect(effects.contains(.tellPeople))
        #expect(lines(job) == (kind == .proxy ? ["k"] : []))
        #expect(claim.keyAdmitted == (kind == .proxy ? true : nil))
        #expect(job.renewed(claim.id, at: start)?.keyAdmitted == claim.keyAdmitted)
    }

    @Test("a lease that runs out takes the key out")
    func lease() throws {
        var job = lifecycle()
        try enter(&job, "a", "k")
        // It begins when the key is in.
        #expect(job.renewed("7-a", at: start + 5) != nil)
        #expect(job.nextMoment == start + 65)
        #expect(job.timePassed(at: start + 65).contains(.tellPeople))
        #expect(job.admittedKeys.isEmpty)
    }

    @Test("the same session again makes sure that its key is in")
    func idempotence() throws {
        var job = lifecycle()
        let first = try enter(&job, "a", "k").claim
        let (again, effects) = try enter(&job, "a", "k")
        #expect(again.id == first.id && effects == [.tellPeople])
    }

    @Test("a builder that cannot add keys leaves that to the gateway")
    func noMeans() throws {
        var job = lifecycle()
        let claim = try enter(&job, "a", "k").claim
        #expect(job.keysNotAdmitted().isEmpty)
        #expect(job.renewed(claim.id, at: start)?.keyAdmitted == nil)
        #expect(job.admittedKeys.isEmpty)
    }
}

@Suite("People's keys in builders, over a socket")
struct AdmissionServiceTests {
    @Test("the key is in before the claim is answered, and leaves with its last claim")
    func claims() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            let job = try await service.failedJob()
            let machine = await service.supply.machine(of: "\(job.id)")
            let first = try await service.claim("1", kind: .proxy).decode(Claim.self)
            #expect(first.keyAdmitted == true)
            #expect(machine.keyLists.withLock { $0.last } == [TestService.aliceKey])
            let second = try await service.claim("1", session: "s2", kind: .proxy).decode(Claim.self)
            #expect(second.keyAdmitted == true)
            _ = try await service.client.send(.DELETE, "/v1/claims/\(first.id)?reason=lost")
            _ = try await service.client.send(.DELETE, "/v1/claims/\(second.id)?reason=lost")
            await machine.knows([])
            // What does not change is not sent.
            #expect(machine.keyLists.withLock { $0 } == [[TestService.aliceKey], []])
        }
    }

    @Test("a suspended person loses the key at the next heartbeat")
    func suspension() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            _ = try await service.failedJob()
            let claim = try await service.claim("1", kind: .proxy).decode(Claim.self)
            _ = try await service.client.send(.PUT, "/v1/people/alice/suspension")
            #expect(try await service.client.send(.POST, "/v1/claims/\(claim.id)/heartbeat").status == 410)
            await service.supply.machine(of: "1").knows([])
        }
    }

    @Test("a builder that cannot be told: no claim stands, and it is told as soon as it can be")
    func unreachable() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            try await service.addBob()
            let job = try await service.failedJob()
            let machine = await service.supply.machine(of: "1")
            _ = try await service.client.send(.PUT, "/v1/jobs/\(job.id)/shares/bob")
            let claim = try await service.claim("1", kind: .proxy).decode(Claim.self)
            machine.admission.withLock { $0 = .unreachable }
            let refused = try await service.claim("1", session: "s2", kind: .proxy, byBob: true)
            #expect(refused.status == 503 && refused.text.contains("The builder does not answer."))
            #expect(try await service.job("1").sessions.map(\.session) == ["s1"])
            #expect(
                try await service.client.send(.DELETE, "/v1/claims/\(claim.id)?reason=lost").status == 204)
            machine.admission.withLock { $0 = .done }
            try await service.wait { machine.keyLists.withLock { $0.last } == [] }
        }
    }

    @Test("somebody whom an operator puts out before the key is in hears just that")
    func ended() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            _ = try await service.failedJob()
            let machine = await service.supply.machine(of: "1")
            let hold = Latch<Bool>()
            machine.tellHold.withLock { $0 = hold }
            async let answer = service.claim("1", kind: .proxy)
            _ = try await service.job("1") { !$0.sessions.isEmpty }
            #expect(try await service.client.send(.DELETE, "/v1/jobs/1/sessions/s1").status == 200)
            machine.tellHold.withLock { $0 = nil }
            hold.open(true)
            let refused = try await answer
            #expect(refused.status == 410)
            #expect(try refused.decode(Problem.self).type == "urn:sallyport:session-ended")
        }
    }

    @Test("a builder without support for keys: the claim is made, and mentions no key")
    func noMeans() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            _ = try await service.failedJob()
            await service.supply.machine(of: "1").admission.withLock { $0 = .refused }
            let answer = try await service.claim("1", kind: .proxy)
            #expect(answer.status == 201)
            let claim = try answer.decode(Claim.self)
            #expect(claim.keyAdmitted != true)
            // A later claim does not either.
            _ = try await service.client.send(.DELETE, "/v1/claims/\(claim.id)?reason=done")
            let later = try await service.claim("1", session: "s2", kind: .proxy)
            #expect(try later.decode(Claim.self).keyAdmitted != true)
        }
    }

    @Test("the next runner sends the builder the list again, and continues")
    func restart() async throws {
        let folder = TestService.makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let supply = FakeProvider()
        try await TestService.run(supply: supply, folder: folder) { service in
            try await service.addAlice()
            _ = try await service.failedJob()
            _ = try await service.claim("1", kind: .proxy)
        }
        let machine = await supply.machine(of: "1")
        machine.keyLists.withLock { $0 = [] }
        try await TestService.run(supply: supply, folder: folder) { service in
            await machine.knows([TestService.aliceKey])
            let claim = try await service.claim("1", kind: .proxy).decode(Claim.self)
            _ = try await service.client.send(.DELETE, "/v1/claims/\(claim.id)?reason=lost")
            await machine.knows([])
        }
    }

    @Test("the host authority is reported with the names of builders")
    func hostAuthority() async throws {
        try await TestService.run(supply: FakeProvider(hostAuthority: ("ssh-ed25519 AAAA", "build"))) {
            service in
            let answer = try await service.client.send(.GET, "/v1/host-authority")
            #expect(
                try answer.decode(HostAuthority.self)
                    == HostAuthority(key: "ssh-ed25519 AAAA", suffixes: ["builds.example.org"], user: "build")
            )
        }
        try await TestService.run { service in
            let answer = try await service.client.send(.GET, "/v1/host-authority")
            #expect(answer.status == 404)
        }
    }
}
