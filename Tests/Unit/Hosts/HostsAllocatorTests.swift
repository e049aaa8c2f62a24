import AllocatorPrograms
import AllocatorProtocol
import Foundation
import Testing

@testable import Hosts

@Suite("The allocator hosts") struct HostsAllocatorTests {
    @Test("one job at a time; what is released is free, and released again does nothing")
    func turns() async throws {
        try await FakeAccess.with([.named("a")]) { allocator, access in
            let answer = try await allocator.allocate(.some("j1"))
            #expect(answer.address == "192.0.2.1" && answer.user == "build" && answer.data == "a")
            #expect(abs(answer.until.timeIntervalSinceNow - 600) < 60)
            #expect(try allocator.list(.init(pool: "lab")).allocations.map(\.allocation) == ["j1"])
            #expect(try allocator.list(.init(pool: "other")).allocations == [])
            await #expect(throws: AllocatorEnd(75, "no machine is free: 1 in use")) {
                try await allocator.allocate(.some("j2", owner: "2"))
            }
            await #expect(throws: AllocatorEnd(1, "a is in use by job 42 of alice: release that job first")) {
                try await allocator.returnHost("a")
            }
            try await allocator.release(.of("unknown"))
            try await allocator.release(.of("j1"))
            try await allocator.release(.of("j1"))
            #expect(access.takeDone() == ["admit a", "withdraw a"])
            let next = try await allocator.allocate(.some("j2", owner: "2"))
            #expect(next.data == "a")
            // An attempt whose answer got lost has got this machine, and no other.
            let again = try await allocator.allocate(.some("j2", owner: "2"))
            #expect(again.data == "a")
        }
    }

    @Test("after someone was inside, a machine without reset is out of service until it is returned")
    func entered() async throws {
        try await FakeAccess.with([.named("a")]) { allocator, access in
            _ = try await allocator.allocate(.some("j1"))
            access.breaks("withdraw a")
            await #expect(throws: AllocatorEnd.self) {
                try await allocator.release(.of("j1", entered: true))
            }
            #expect(try allocator.table().contains("in use"))
            access.breaks()
            // That someone was inside is not forgotten.
            try await allocator.release(.of("j1"))
            #expect(
                try allocator.table().contains("out of service: someone was inside during job 42 of alice"))
            await #expect(throws: AllocatorEnd(75, "no machine is free: 1 out of service")) {
                try await allocator.allocate(.some("j2"))
            }
            await #expect(throws: AllocatorEnd(64, "there is no machine b in the file")) {
                try await allocator.returnHost("b")
            }
            try await allocator.returnHost("a")
            _ = try await allocator.allocate(.some("j2", owner: "2"))
        }
    }

    @Test("how a machine is left: cleaned, made new, or out of service")
    func leaving() async throws {
        var cleaned = SSHHost.named("a", reuse: .sameOwner)
        cleaned.clean = "clean"
        var both = cleaned
        both.reset = ["/reset"]
        var renewed = both
        renewed.clean = nil
        for (host, entered, broken, done, isFree) in [
            (cleaned, false, "", ["withdraw a", "clean a"], true),
            (cleaned, false, "clean a", ["withdraw a", "clean a"], false),
            (both, false, "", ["withdraw a", "clean a"], true),
            (both, false, "clean a", ["withdraw a", "clean a", "reset a"], true),
            (both, false, "withdraw a", ["withdraw a", "reset a"], true),
            (both, true, "", ["reset a"], true), (renewed, false, "", ["reset a"], true),
        ] {
            try await FakeAccess.with([host]) { allocator, access in
                _ = try await allocator.allocate(.some("j1"))
                _ = access.takeDone()
                access.breaks(broken)
                try await allocator.release(.of("j1", entered: entered))
                #expect(access.takeDone() == done)
                access.breaks()
                let again = try? await allocator.allocate(.some("j2"))
                #expect((again != nil) == isFree, "\(host) \(entered) \(broken)")
            }
        }
        try await FakeAccess.with([renewed]) { allocator, access in
            _ = try await allocator.allocate(.some("j1"))
            access.breaks("reset a")
            await #expect(throws: AllocatorEnd.self) { try await allocator.release(.of("j1")) }
            #expect(try allocator.list(.init(pool: "lab")).allocations.count == 1)
        }
    }

    @Test("another owner's machine is made new first; if that fails, it is out of service")
    func others() async throws {
        var host = SSHHost.named("a", reuse: .sameOwner)
        host.clean = "clean"
        host.reset = ["/reset"]
        for works in [true, false] {
            try await FakeAccess.with([host]) { allocator, access in
                _ = try await allocator.allocate(.some("j1"))
                try await allocator.release(.of("j1"))
                _ = access.takeDone()
                if !works { access.breaks("reset a") }
                let second = try? await allocator.allocate(.some("j2", owner: "2"))
                #expect(access.takeDone() == (works ? ["reset a", "admit a"] : ["reset a"]))
                #expect((second != nil) == works)
                #expect(try allocator.table().contains("out of service") == !works)
            }
        }
    }

    @Test("a machine that does not let us in is left for a minute, and the next one is tried")
    func unreachable() async throws {
        try await FakeAccess.with([.named("a"), .named("b")]) { allocator, access in
            access.breaks("admit a")
            let first = try await allocator.allocate(.some("j1"))
            #expect(first.data == "b")
            #expect(access.takeDone() == ["admit a", "admit b"])
            await #expect(throws: AllocatorEnd(75, "no machine is free: 1 in use, 1 out of reach")) {
                try await allocator.allocate(.some("j2"))
            }
            #expect(access.takeDone() == [])
            #expect(try allocator.table().contains("free, but it did not let us in"))
        }
    }

    @Test("two at once never get the same machine, and a release waits for an allocate")
    func races() async throws {
        let hosts = ["a", "b", "c"].map { SSHHost.named($0) }
        try await FakeAccess.with(hosts) { allocator, _ in
            let answers = await withTaskGroup(of: String?.self) { group in
                for number in 0..<8 {
                    group.addTask { try? await allocator.allocate(.some("j\(number)")).data }
                }
                return await group.reduce(into: [String]()) { if let name = $1 { $0.append(name) } }
            }
            #expect(answers.sorted() == ["a", "b", "c"])
        }
        let (begun, beginning) = AsyncStream<Void>.makeStream()
        let (ended, end) = AsyncStream<Void>.makeStream()
        let access = FakeAccess { what in
            guard what == "admit a" else { return }
            beginning.yield()
            for await _ in ended { break }
        }
        try await FakeAccess.with([.named("a")], access) { allocator, _ in
            let allocating = Task { try await allocator.allocate(.some("j1")) }
            for await _ in begun { break }
            // Another process would find the same lock.
            await #expect(throws: AllocatorEnd(1, "a: another process still works on it")) {
                try await allocator.release(.of("j1"))
            }
            end.yield()
            _ = try await allocating.value
            try await allocator.release(.of("j1"))
        }
    }

    @Test("a state that cannot be stored gives out nothing")
    func fullDisk() async throws {
        try await FakeAccess.with([.named("a")]) { allocator, access in
            // A folder in the way, as nothing else stops root.
            try FileManager.default.createDirectory(
                atPath: allocator.folder.path + "/state.json.new", withIntermediateDirectories: false)
            await #expect(throws: AllocatorEnd.self) { try await allocator.allocate(.some("j1")) }
            #expect(access.takeDone() == [])
            try FileManager.default.removeItem(atPath: allocator.folder.path + "/state.json.new")
            _ = try await allocator.allocate(.some("j1"))
        }
        #expect(AllocatorEnd(.folder("/s", ENOSPC)).status == 75)
        #expect(AllocatorEnd(.folder("/s", EACCES)).status == 1)
    }
}
