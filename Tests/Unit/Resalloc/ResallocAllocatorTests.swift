import AllocatorPrograms
import AllocatorProtocol
import Foundation
import Synchronization
import Testing

@testable import Resalloc

@Suite("The allocator resalloc") struct ResallocAllocatorTests {
    private let yaml = "---\nhost: 2001:db8::7\nname: copr_1\nport: 2222\n"

    @Test("a job gets the machine of its ticket, and a release closes that, once or twice")
    func turns() async throws {
        let server = try StandInServer()
        try server.add("m1", yaml, tags: "builder aarch64 big")
        let access = FakeAccess()
        let allocator = try server.allocator(access)
        let request = AllocatorWire.Allocate.some("j1", arch: "arm64", tags: ["big", "builder"])
        let answer = try await allocator.allocate(request)
        #expect(answer.address == "2001:db8::7" && answer.port == 2222 && answer.user == "root")
        #expect(answer.hostKeys == nil && answer.data == "1")
        #expect(abs(answer.until.timeIntervalSinceNow - 600) < 60)
        #expect(access.admitted.withLock { $0 } == ["root@2001:db8::7:2222 ssh-ed25519 A"])
        #expect(try server.openTickets() == ["1 - state=OPEN tags=builder,aarch64,big resource=m1"])
        #expect(
            server.said == [
                "ticket 1: waiting for a machine with builder, aarch64, big",
                "ticket 1: copr_1 at 2001:db8::7 port 2222", "copr_1: nobody vouches for its host key",
            ])
        // An attempt whose answer got lost has this machine, and no other.
        #expect(try await server.allocator().allocate(request) == answer)
        #expect(server.ticketCount == 1)

        try await allocator.release(.of("unknown"))
        for _ in 1...2 { try await allocator.release(.of("j1")) }
        #expect(try server.openTickets() == [])
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: allocator.folder.path).sorted() == [
                "lock", "state.json",
            ])
    }

    @Test("each ticket has a sandbox of its own, so that no job gets what another has left")
    func sandboxes() async throws {
        let server = try StandInServer()
        try server.add("m1", "192.0.2.7\n")
        server.begin("reuse")
        let allocator = try server.allocator()
        #expect(try await allocator.allocate(.some("j1")).port == 22)
        try await allocator.release(.of("j1"))
        #expect(try server.ticket(1).contains("\"sallyport-j1-"))
        let second = Task { try await allocator.allocate(.some("j2")) }
        try await server.wait(for: "ticket 2")
        // It waits although the first one's machine is free.
        second.cancel()
        await #expect(throws: AllocatorEnd(1, "given up")) { try await second.value }
        #expect(try server.openTickets() == [])
    }

    @Test("host keys are answered if somebody vouches for them")
    func hostKeys() async throws {
        let server = try StandInServer()
        try server.add("m1", "192.0.2.7")
        let allocator = try server.allocator(FakeAccess(hostKeys: ["ssh-ed25519 K"]), knownHosts: "/k")
        #expect(try await allocator.allocate(.some("j1")).hostKeys == ["ssh-ed25519 K"])
        #expect(!server.said.contains { $0.contains("vouches") })
    }

    @Test("what is asked for and is not in the file")
    func unknown() async throws {
        let server = try StandInServer()
        let allocator = try server.allocator()
        for (request, end) in [
            (.some("j1", pool: "none"), AllocatorEnd(1, "resalloc.toml has no table [resalloc.pool.none]")),
            (.some("j1", arch: "s390x"), AllocatorEnd(1, "resalloc.toml has no table [resalloc.arch.s390x]")),
            (.some("../j1"), AllocatorEnd(64, "allocation: expected 1 to 96 of [A-Za-z0-9_-]")),
        ] as [(AllocatorWire.Allocate, AllocatorEnd)] {
            await #expect(throws: end) { try await allocator.allocate(request) }
        }
        await #expect(throws: AllocatorEnd.self) { try await allocator.release(.of("../j1")) }
        #expect(server.ticketCount == 0)
    }

    @Test("a machine that cannot be used is given back, and another one is asked for, three times")
    func unusable() async throws {
        for (data, reason) in [
            ("a b\n", "resalloc has named \"a b\", which is neither an address nor a host's name"),
            ("---\nname: a\n", "resalloc has given YAML without a host for ticket 3"),
            ("192.0.2.7", "root could not log in: 192.0.2.7: Permission denied (publickey). (status 255)"),
        ] {
            let server = try StandInServer()
            try server.add("m1", data)
            let access = FakeAccess()
            access.isBroken.withLock { $0 = true }
            for attempt in 1...3 {
                var allocator = try server.allocator(access)
                allocator.patience = .zero
                let end = await #expect(throws: AllocatorEnd.self) {
                    try await allocator.allocate(.some("j1"))
                }
                #expect(end?.status == (attempt < 3 ? 75 : 1))
                #expect(end?.reason.hasSuffix("another machine is asked for later") == (attempt < 3))
                #expect(attempt < 3 || end?.reason == reason)
                #expect(try server.openTickets() == [])
            }
            #expect(server.ticketCount == 3)
        }
    }

    @Test(
        "a ticket that leads nowhere is closed",
        arguments: [
            ("failing", "the machine of ticket 1 has failed"), ("closed", "somebody has closed ticket 1"),
        ])
    func failed(how: String, reason: String) async throws {
        let server = try StandInServer()
        try server.add("m1", "192.0.2.7")
        server.begin(how == "failing" ? how : "hold")
        let allocator = try server.allocator()
        let allocating = Task { try await allocator.allocate(.some("j1")) }
        if how == "closed" {
            try await server.wait(for: "ticket 1")
            try await allocator.client.close(1)
        }
        await #expect(throws: AllocatorEnd(75, reason + ": another machine is asked for later")) {
            try await allocating.value
        }
        #expect(try server.openTickets() == [])
        server.end("failing")
        server.end("hold")
        #expect(try await allocator.allocate(.some("j1")).data == "2")
    }

    @Test("a server that is away is waited for if it has the ticket, and otherwise later")
    func away() async throws {
        let server = try StandInServer()
        try server.add("m1", "192.0.2.7")
        let sentence =
            "the resalloc server does not answer: ConnectionRefusedError: [Errno 111] Connection refused"
        let allocator = try server.allocator()
        server.begin("away")
        await #expect(throws: AllocatorEnd(75, sentence)) { try await allocator.allocate(.some("j1")) }
        server.end("away")
        server.begin("hold")
        let allocating = Task { try await allocator.allocate(.some("j1")) }
        try await server.wait(for: "ticket 1")
        server.begin("away")
        try await server.wait(for: sentence)
        server.end("hold")
        server.end("away")
        #expect(try await allocating.value.data == "1")
        #expect(server.said.contains("the resalloc server answers again"))

        server.begin("away")
        #expect(try await allocator.list(.init(pool: "lab")).allocations.map(\.state) == [.unknown])
        await #expect(throws: AllocatorEnd(75, sentence)) { try await allocator.release(.of("j1")) }
        server.end("away")
        try await allocator.release(.of("j1"))
        #expect(try server.openTickets() == [])
    }

    @Test("a long wait has its doubts, once")
    func doubt() async throws {
        let server = try StandInServer()
        var allocator = try server.allocator()
        allocator.doubt = .zero
        let allocating = Task { [allocator] in try await allocator.allocate(.some("j1", tags: ["tpyo"])) }
        try await server.wait(
            for: "still waiting; resalloc does not say whether it has machines with all of builder, tpyo")
        allocating.cancel()
        _ = await allocating.result
        #expect(server.said.count == 2)
    }

    @Test("a client that is missing, and one that prints something else")
    func strange() async throws {
        let server = try StandInServer()
        server.begin("strange")
        var allocator = try server.allocator()
        await #expect(throws: AllocatorEnd(1, "resalloc ticket: it has printed no number, but a ticket: 1")) {
            try await allocator.allocate(.some("j1"))
        }
        #expect(server.said.contains { $0.hasPrefix("the number of a ticket was lost") })
        let client = ResallocClient(program: "/nowhere/resalloc", connection: nil)
        allocator.client = client
        let end = await #expect(throws: AllocatorEnd.self) { try await allocator.allocate(.some("j2")) }
        #expect(
            end?.status == 1 && end?.reason.contains("No such file or directory") == true,
            "\(String(describing: end))")
        let failure = await #expect(throws: AllocatorFailure.self) { try await client.check(1) }
        #expect(failure?.reason.hasPrefix("resalloc ticket-check 1: ") == true)
    }

    @Test("what the list knows: the server's word about each machine")
    func list() async throws {
        let server = try StandInServer()
        for number in 1...6 { try server.add("m\(number)", "192.0.2.\(number)") }
        let allocator = try server.allocator()
        for id in ["a", "b", "c", "d"] { _ = try await allocator.allocate(.some(id)) }
        _ = try await allocator.allocate(.some("e", pool: "other"))
        server.begin("hold")
        let waiting = Task { try await allocator.allocate(.some("f")) }
        try await server.wait(for: "ticket 6")
        try await allocator.client.close(2)
        try server.ticket(3).replacing("OPEN", with: "FAILED").write(
            toFile: server.folder + "/tickets/3", atomically: true, encoding: .utf8)
        try FileManager.default.removeItem(atPath: server.folder + "/tickets/4")
        let listed = try await allocator.list(.init(pool: "lab")).allocations
        #expect(listed.map(\.allocation) == ["a", "b", "c", "d", "f"])
        #expect(listed.map(\.state) == [.alive, .gone, .gone, .gone, .unknown])
        #expect(listed.map { $0.until != nil } == [true, true, true, true, false])
        waiting.cancel()
        _ = await waiting.result
        for id in ["a", "b", "c", "d", "e"] { try await allocator.release(.of(id)) }
        #expect(try server.openTickets() == [])
    }
}
