import AllocatorPrograms
import AllocatorProtocol
import Foundation
import Testing

@testable import Hosts

@Suite("The allocator hosts: a reset that takes its time") struct ResetTests {
    private var host: SSHHost {
        var host = SSHHost.named("a", reuse: .sameOwner)
        host.clean = "clean"
        host.reset = ["/reset"]
        return host
    }

    /// With a machine that another owner's job has left.
    private func withAnothers(
        _ clock: FakeClock = FakeClock(), _ body: (HostsAllocator, FakeAccess) async throws -> Void
    ) async throws {
        try await FakeAccess.with([host], clock: clock, patience: .milliseconds(20)) { allocator, access in
            _ = try await allocator.allocate(.some("j1"))
            try await allocator.release(.of("j1"))
            _ = access.takeDone()
            access.resets("a", are: .running)
            try await body(allocator, access)
        }
    }

    private func isUnfinished(_ end: AllocatorEnd?) -> Bool {
        end?.status == 75 && end?.reason.contains("a: is still being made new, since 20") == true
    }

    @Test("the job waits for the one that was begun, and no other job gets the machine")
    func waiting() async throws {
        let clock = FakeClock()
        try await withAnothers(clock) { allocator, access in
            for _ in 0..<3 {
                let end = await #expect(throws: AllocatorEnd.self) {
                    try await allocator.allocate(.some("j2", owner: "2"))
                }
                #expect(isUnfinished(end), "\(String(describing: end))")
            }
            await #expect(throws: AllocatorEnd(75, "no machine is free: 1 in use")) {
                try await allocator.allocate(.some("j3", owner: "1"))
            }
            let table = try allocator.table()
            #expect(table.contains("is being made new since 20"))
            let returned = await #expect(throws: AllocatorEnd.self) { try await allocator.returnHost("a") }
            #expect(returned?.reason.contains("still being made new") == true)
            access.resets("a", are: .succeeded)
            let answer = try await allocator.allocate(.some("j2", owner: "2"))
            #expect(answer.data == "a")
            #expect(access.takeDone() == ["reset a", "admit a"])
            // What it says is told once.
            #expect(clock.said.filter { $0 == "a: halfway" }.count == 1, "\(clock.said)")
        }
    }

    @Test("one that was interrupted is begun again; one that has failed is the machine's fault")
    func outcomes() async throws {
        for (progress, done) in [
            (ResetProgress.interrupted, ["reset a", "reset a", "admit a"]),
            (.failed("no power"), ["reset a"]),
        ] {
            try await withAnothers { allocator, access in
                _ = try? await allocator.allocate(.some("j2", owner: "2"))
                access.resets("a", are: progress)
                let answer = try? await allocator.allocate(.some("j2", owner: "2"))
                #expect(access.takeDone() == done)
                #expect((answer != nil) == (done.count == 3))
                let table = try allocator.table()
                #expect(table.contains("out of service: reset has failed: no power") == (answer == nil))
            }
        }
        // It is not begun again and again.
        try await withAnothers { allocator, access in
            access.resets("a", are: .interrupted)
            await #expect(throws: AllocatorEnd.self) {
                try await allocator.allocate(.some("j2", owner: "2"))
            }
            #expect(access.takeDone() == ["reset a"])
        }
    }

    @Test("a release waits for the one that was begun for a job that is cancelled")
    func cancelled() async throws {
        try await withAnothers { allocator, access in
            _ = try? await allocator.allocate(.some("j2", owner: "2"))
            for _ in 0..<4 {
                let end = await #expect(throws: AllocatorEnd.self) {
                    try await allocator.release(.of("j2"))
                }
                #expect(isUnfinished(end), "\(String(describing: end))")
            }
            access.resets("a", are: .succeeded)
            try await allocator.release(.of("j2"))
            // It is new, and nobody's.
            _ = try await allocator.allocate(.some("j3", owner: "3"))
            #expect(access.takeDone() == ["reset a", "admit a"])
        }
    }

    @Test("a release begins one, once, however long it takes")
    func released() async throws {
        let clock = FakeClock()
        try await FakeAccess.with([host], clock: clock, patience: .zero) { allocator, access in
            _ = try await allocator.allocate(.some("j1"))
            _ = access.takeDone()
            access.resets("a", are: .running)
            for _ in 0..<8 {
                let end = await #expect(throws: AllocatorEnd.self) {
                    try await allocator.release(.of("j1", entered: true))
                }
                #expect(isUnfinished(end), "\(String(describing: end))")
                clock.advance(by: 900)
            }
            access.resets("a", are: .succeeded)
            try await allocator.release(.of("j1"))
            #expect(access.takeDone() == ["reset a"])
            #expect(try allocator.folder.read().records["a"] == HostsState.Record())
        }
    }
}
