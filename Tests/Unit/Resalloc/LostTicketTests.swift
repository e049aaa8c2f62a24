import AllocatorPrograms
import AllocatorProtocol
import Foundation
import Testing

@testable import Resalloc

/// An allocator can be killed at any moment: what it has left here is what a later one finds.
@Suite("The allocator resalloc loses no ticket") struct LostTicketTests {
    /// Begins to ask for a ticket, as an allocator that was killed then.
    private func begin(_ id: String, at server: StandInServer) async throws {
        let allocator = try server.allocator()
        let question = TicketRequest(folder: allocator.folder, allocation: id)
        try question.prepare()
        try allocator.folder.update { state throws(AllocatorFailure) in
            var record = ResallocState.Record(pool: "lab", job: "42")
            record.sandbox = "s-\(id)"
            state.records[id] = record
        }
        try await question.begin(allocator.client.asking(for: ["builder"], sandbox: "s-\(id)"))
    }

    @Test("a number that arrives after the allocator's end is found: the ticket is closed, or used")
    func late() async throws {
        for isReleased in [true, false] {
            let server = try StandInServer()
            try server.add("m1", "192.0.2.7")
            server.begin("slow")
            try await begin("j1", at: server)
            try await server.wait { server.ticketCount == 1 }
            let allocator = try server.allocator()
            // Nobody knows the number, but that it is coming.
            #expect(try await allocator.asked("j1", until: .now) == .running)
            let next = Task { () async throws -> String? in
                guard !isReleased else {
                    try await allocator.release(.of("j1"))
                    return nil
                }
                return try await allocator.allocate(.some("j1")).data
            }
            server.end("slow")
            #expect(try await next.value == (isReleased ? nil : "1"))
            #expect(server.ticketCount == 1)
            try await allocator.release(.of("j1"))
            #expect(try server.openTickets() == [])
        }
    }

    @Test("one that is asked for when the allocator is given up is closed within seconds")
    func givenUp() async throws {
        let server = try StandInServer()
        server.begin("slow")
        let allocator = try server.allocator()
        let allocating = Task { try await allocator.allocate(.some("j1")) }
        try await server.wait { server.ticketCount == 1 }
        // Another process works on it.
        await #expect(throws: AllocatorEnd(75, "j1: another process still works on it")) {
            try await server.allocator().release(.of("j1"))
        }
        await #expect(throws: AllocatorEnd(75, "j1: another process still works on it")) {
            try await server.allocator().allocate(.some("j1"))
        }
        allocating.cancel()
        server.end("slow")
        await #expect(throws: AllocatorEnd(1, "given up")) { try await allocating.value }
        #expect(try server.openTickets() == [])
        #expect(try allocator.folder.read().records == [:])
    }

    @Test("and if the server does not answer then, the release that follows closes it")
    func givenUpInSilence() async throws {
        let server = try StandInServer()
        server.begin("hold")
        let allocator = try server.allocator()
        let allocating = Task { try await allocator.allocate(.some("j1")) }
        try await server.wait(for: "ticket 1")
        server.begin("away")
        allocating.cancel()
        await #expect(throws: AllocatorEnd(1, "given up")) { try await allocating.value }
        #expect(try allocator.folder.read().records["j1"]?.ticket == 1)
        server.end("away")
        try await server.allocator().release(.of("j1"))
        #expect(try server.openTickets() == [])
    }

    @Test("a connection that ends before the number has arrived: the sandbox of the ticket is told")
    func lost() async throws {
        let server = try StandInServer()
        server.begin("lost")
        let end = await #expect(throws: AllocatorEnd.self) {
            try await server.allocator().allocate(.some("j1"))
        }
        #expect(end?.status == 75)
        #expect(server.said.contains { $0.contains("nobody closes it: its sandbox is sallyport-j1-") })
        try await begin("j2", at: server)
        try await server.allocator().release(.of("j2"))
        #expect(server.said.contains { $0.contains("nobody closes it: its sandbox is s-j2") })
    }

    @Test("a question that was recorded and never asked has lost nothing")
    func unasked() async throws {
        let server = try StandInServer()
        let allocator = try server.allocator()
        let question = TicketRequest(folder: allocator.folder, allocation: "j1")
        try allocator.folder.update { state throws(AllocatorFailure) in
            state.records["j1"] = ResallocState.Record(pool: "lab", job: "42", sandbox: "s")
        }
        for isPrepared in [false, true] {
            if isPrepared { try question.prepare() }
            #expect(try question.progress() == .unasked)
        }
        try await allocator.release(.of("j1"))
        #expect(server.said == [])
    }

    @Test("it is asked once at a time, and a client that never ends is ended")
    func endless() async throws {
        let server = try StandInServer()
        server.begin("silent")
        let allocator = try server.allocator()
        let words = allocator.client.asking(for: ["builder"], sandbox: "s")
        let patient = TicketRequest(folder: allocator.folder, allocation: "j1", limit: 600)
        try patient.prepare()
        try await patient.begin(words)
        await #expect(throws: AllocatorFailure.self) { try await patient.begin(words) }
        let hasty = TicketRequest(folder: allocator.folder, allocation: "j2", limit: 1)
        try hasty.prepare()
        try await hasty.begin(words)
        try await server.wait { try hasty.progress() != .running }
        #expect(try hasty.progress() == .failed(ClientComplaint("")))
        #expect(server.ticketCount == 0)
        server.end("silent")
        try await server.wait { try patient.progress() != .running }
        #expect(try patient.progress() == .answered(1))
    }

    @Test("a state that cannot be stored: no ticket is asked for, and one that was is closed later")
    func fullDisk() async throws {
        let server = try StandInServer()
        try server.add("m1", "192.0.2.7")
        let allocator = try server.allocator()
        func obstruct(_ name: String) throws -> () throws -> Void {
            // A folder in the way, as nothing else stops root.
            let path = "\(allocator.folder.path)/\(name).new"
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
            return { try FileManager.default.removeItem(atPath: path) }
        }
        for name in ["state.json", "j1.ticket"] {
            let clear = try obstruct(name)
            await #expect(throws: AllocatorEnd.self) { try await allocator.allocate(.some("j1")) }
            #expect(server.ticketCount == 0)
            try clear()
        }
        server.begin("slow")
        let allocating = Task { try await allocator.allocate(.some("j1")) }
        try await server.wait { server.ticketCount == 1 }
        let clear = try obstruct("state.json")
        server.end("slow")
        await #expect(throws: AllocatorEnd.self) { try await allocating.value }
        try clear()
        // Its number was there before it was stored.
        #expect(try await allocator.allocate(.some("j1")).data == "1")
        try await allocator.release(.of("j1"))
        #expect(try server.openTickets() == [])
    }

    @Test("a state folder that is new: the runner remembers the number")
    func forgotten() async throws {
        let server = try StandInServer()
        try server.add("m1", "192.0.2.7")
        let data = try await server.allocator().allocate(.some("j1")).data
        try FileManager.default.removeItem(atPath: server.folder + "/state")
        try await server.allocator().release(.of("j1", data: data))
        #expect(try server.openTickets() == [])
    }
}
