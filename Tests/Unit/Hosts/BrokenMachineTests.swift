import AllocatorPrograms
import AllocatorProtocol
import Foundation
import Testing

@testable import Hosts

@Suite("The allocator hosts: machines that do not answer, or are gone") struct BrokenMachineTests {
    private let three = ["a", "b", "c"].map { SSHHost.named($0) }

    /// Each attempt takes as long as a machine is left alone.
    private func slow(_ clock: FakeClock) -> FakeAccess { FakeAccess { _ in clock.advance(by: 61) } }

    @Test("each machine is tried once, and those that have failed lately come last")
    func once() async throws {
        let clock = FakeClock()
        try await FakeAccess.with(three, slow(clock), clock: clock) { allocator, access in
            _ = try await allocator.allocate(.some("j0"))
            try await allocator.release(.of("j0"))
            _ = access.takeDone()
            access.breaks("admit a", "admit b", "admit c")
            await #expect(throws: AllocatorEnd(75, "no machine is free: 3 out of reach")) {
                try await allocator.allocate(.some("j1"))
            }
            #expect(access.takeDone() == ["admit a", "admit b", "admit c"])
            clock.advance(by: 61)
            access.breaks("admit a", "admit b")
            #expect(try await allocator.allocate(.some("j1")).data == "c")
            #expect(access.takeDone() == ["admit a", "admit b", "admit c"])
            try await allocator.release(.of("j1"))
            clock.advance(by: 61)
            _ = access.takeDone()
            // The others were this owner's, and are free; but c works.
            #expect(try await allocator.allocate(.some("j2")).data == "c")
            #expect(access.takeDone() == ["admit c"])
        }
    }

    @Test("nothing is begun after a while: the runner would end it, and the job would fail")
    func patience() async throws {
        try await FakeAccess.with(three, patience: .zero) { allocator, access in
            access.breaks("admit a", "admit b")
            await #expect(throws: AllocatorEnd(75, "no machine has let us in so far")) {
                try await allocator.allocate(.some("j1"))
            }
            #expect(access.takeDone() == ["admit a"])
        }
    }

    @Test("a machine stays with an owner only if their job got there", arguments: [nil, EIO])
    func reservation(code: Int32?) async throws {
        let clock = FakeClock()
        try await FakeAccess.with([.named("a", reuse: .sameOwner)], clock: clock) { allocator, access in
            // With a code, the attempt ends as if it was killed.
            access.breaks("admit a", code: code)
            await #expect(throws: AllocatorEnd.self) { try await allocator.allocate(.some("j1", owner: "1")) }
            #expect(try allocator.folder.read().records["a"]?.lastOwner == nil)
            access.breaks("withdraw a")
            try await allocator.release(.of("j1"))
            clock.advance(by: 61)
            _ = try await allocator.allocate(.some("j2", owner: "2"))
            try await allocator.release(.of("nobody's"))
            access.breaks()
            try await allocator.release(.of("j2"))
            let never = await #expect(throws: AllocatorEnd.self) {
                try await allocator.allocate(.some("j3", owner: "3"))
            }
            #expect(never?.status == 1 && never?.reason.contains("until an operator returns it") == true)
            _ = try await allocator.allocate(.some("j4", owner: "2"))
        }
    }

    @Test("a machine that leaves the file before it was cleaned is out of service when it comes back")
    func retired() async throws {
        try await FakeAccess.with([.named("a")]) { allocator, access in
            _ = try await allocator.allocate(.some("j1"))
            let without = HostsAllocator([.named("b")], allocator.folder, access, said: { _ in })
            #expect(try without.table().contains("not in the file"))
            try await without.release(.of("j1", entered: true))
            #expect(try without.list(.init(pool: "lab")).allocations == [])
            for table in [try without.table(), try allocator.table()] {
                #expect(
                    table.contains(
                        "out of service: was taken out of the file before it could be cleaned after job 42"),
                    "\(table)")
            }
            await #expect(throws: AllocatorEnd(75, "no machine is free: 1 out of service")) {
                try await allocator.allocate(.some("j2"))
            }
            try await without.returnHost("a")
            _ = try await allocator.allocate(.some("j2"))
            // Its job is asked for again, as after a lost answer.
            await #expect(throws: AllocatorEnd(75, "a: is not in the file any more")) {
                try await without.allocate(.some("j2"))
            }
            #expect(try await without.allocate(.some("j2")).data == "b")
        }
    }

    @Test("a job that keeps us out does not have the machine for ever", arguments: [false, true])
    func lockedOut(hasReset: Bool) async throws {
        let clock = FakeClock()
        var host = SSHHost.named("a")
        if hasReset { host.reset = ["/reset"] }
        try await FakeAccess.with([host], clock: clock) { allocator, access in
            _ = try await allocator.allocate(.some("j1"))
            access.breaks("withdraw a", "reset a")
            // A machine that is only restarting has its time.
            for seconds in [5.0, 10, 500] {
                await #expect(throws: AllocatorEnd.self) { try await allocator.release(.of("j1")) }
                clock.advance(by: seconds)
            }
            await #expect(throws: AllocatorEnd.self) { try await allocator.returnHost("a") }
            clock.advance(by: 100)
            try await allocator.release(.of("j1"))
            let table = try allocator.table()
            let fault =
                hasReset ? "reset has failed after job 42" : "the keys of job 42 of alice may still be there"
            #expect(table.contains("out of service: \(fault)"), "\(table)")
            await #expect(throws: AllocatorEnd(75, "no machine is free: 1 out of service")) {
                try await allocator.allocate(.some("j2"))
            }
            try await allocator.returnHost("a")
            _ = try await allocator.allocate(.some("j2", owner: "2"))
        }
    }

    @Test("nor does one whose release is always ended from outside")
    func ended() async throws {
        let clock = FakeClock()
        try await FakeAccess.with([.named("a")], clock: clock) { allocator, access in
            _ = try await allocator.allocate(.some("j1"))
            access.breaks("withdraw a", code: EIO)
            for _ in 0..<4 {
                await #expect(throws: AllocatorEnd.self) { try await allocator.release(.of("j1")) }
                clock.advance(by: 1000)
            }
            _ = access.takeDone()
            try await allocator.release(.of("j1"))
            #expect(access.takeDone() == [])
            #expect(try allocator.table().contains("could not be left after job 42 of alice within an hour"))
        }
    }
}
