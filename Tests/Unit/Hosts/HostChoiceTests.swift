import AllocatorProtocol
import BuildAPI
import Foundation
import Testing

@testable import Hosts

@Suite("Which machine a job gets") struct HostChoiceTests {
    private let now = Date(timeIntervalSince1970: 1_800_000_000)

    private func choice(
        _ hosts: [SSHHost], _ change: (inout HostsState) -> Void = { _ in }, arch: String? = nil,
        tags: [String] = [], busy: Set<String> = []
    ) -> HostChoice {
        var state = HostsState()
        change(&state)
        return HostChoice.make(.some(arch: arch, tags: tags), of: hosts, state, busy: busy, at: now)
    }

    @Test("one that fits; if there is none, never")
    func fitting() {
        let hosts = [SSHHost.named("a", arch: .amd64), .named("b", arch: .arm64, tags: ["gpu", "big"])]
        #expect(choice(hosts) == .take(hosts[0], mustReset: false))
        #expect(choice(hosts, arch: "arm64") == .take(hosts[1], mustReset: false))
        #expect(choice(hosts, tags: ["big"]) == .take(hosts[1], mustReset: false))
        #expect(
            choice(hosts, arch: "x86_64", tags: ["gpu"])
                == .never("no machine here has the architecture x86_64 and the tags gpu"))
    }

    @Test("the one that they had before comes first, then a new one, then others'")
    func order() {
        let hosts = ["a", "b", "c", "d"].map { SSHHost.named($0) }
        func after(_ owners: [String?], busy: Set<String> = []) -> HostChoice {
            choice(
                hosts, { state in for (host, owner) in zip(hosts, owners) { state[host].lastOwner = owner } },
                busy: busy)
        }
        #expect(after(["2", nil, "1"]) == .take(hosts[2], mustReset: false))
        #expect(after(["2", "3", nil, nil]) == .take(hosts[2], mustReset: false))
        #expect(after(["2", "3", "2", "3"]) == .take(hosts[0], mustReset: false))
        #expect(after(["2", "3", "1", nil], busy: ["c"]) == .take(hosts[3], mustReset: false))
    }

    @Test("another owner's machine is made new, or not given")
    func sameOwner() {
        let plain = SSHHost.named("a", reuse: .sameOwner)
        var renewable = plain
        renewable.reset = ["/reset"]
        func others(_ state: inout HostsState) { state[plain].lastOwner = "2" }
        let never = HostChoice.never(
            "no machine here is for this job: each that fits stays with another owner, until an operator "
                + "returns it")
        #expect(choice([plain], others) == never)
        #expect(choice([renewable], others) == .take(renewable, mustReset: true))
        #expect(choice([plain], { $0[plain].lastOwner = "1" }) == .take(plain, mustReset: false))
        // The end of a job of theirs frees it for them only; time and operators do more.
        func inUse(isAdmitted: Bool?) -> (inout HostsState) -> Void {
            { state in
                state[plain].allocation = .init(
                    id: "a2", pool: "lab", job: "41", owner: "2", ownerName: "bob", until: now,
                    isAdmitted: isAdmitted)
            }
        }
        #expect(choice([plain], inUse(isAdmitted: true)) == never)
        #expect(choice([plain], inUse(isAdmitted: nil)) == never)
        #expect(choice([plain], inUse(isAdmitted: false)) == .wait("no machine is free: 1 in use"))
        #expect(choice([renewable], inUse(isAdmitted: true)) == .wait("no machine is free: 1 in use"))
        let other = SSHHost.named("b")
        #expect(
            choice([plain, other], others, busy: ["b"])
                == .wait("no machine is free: 1 in use, 1 reserved for another owner"))
        #expect(
            choice(
                [plain, other],
                { state in
                    others(&state)
                    state[other].outOfService = "someone was inside"
                }) == .wait("no machine is free: 1 out of service, 1 reserved for another owner"))
    }

    @Test("one that has failed lately comes after all that have not")
    func failedLately() {
        var renewable = SSHHost.named("b", reuse: .sameOwner)
        renewable.reset = ["/reset"]
        let own = SSHHost.named("a")
        func change(_ state: inout HostsState) {
            state[own].lastOwner = "1"
            state[own].retryAt = now.addingTimeInterval(-1)
            state[renewable].lastOwner = "2"
        }
        #expect(choice([own, renewable], change) == .take(renewable, mustReset: true))
        #expect(choice([own, renewable], change, busy: ["b"]) == .take(own, mustReset: false))
    }

    @Test("why none is free")
    func reasons() {
        let hosts = ["a", "b", "c"].map { SSHHost.named($0) }
        let wait = choice(hosts, busy: ["c"])
        #expect(wait == .take(hosts[0], mustReset: false))
        func change(_ state: inout HostsState) {
            state[hosts[0]].outOfService = "someone was inside"
            state[hosts[1]].retryAt = now.addingTimeInterval(1)
        }
        #expect(
            choice(hosts, change, busy: ["c"])
                == .wait("no machine is free: 1 in use, 1 out of service, 1 out of reach"))
        #expect(choice([hosts[1]], { $0[hosts[1]].retryAt = now }) == .take(hosts[1], mustReset: false))
    }
}

extension SSHHost {
    static func named(
        _ name: String, arch: Architecture? = nil, tags: [String] = [], reuse: Reuse = .trusted
    ) -> SSHHost {
        SSHHost(
            name: name, address: "192.0.2.1", port: 22, user: "build", hostKeys: ["ssh-ed25519 AAAA"],
            identity: "/key", arch: arch, tags: tags, reuse: reuse)
    }
}

extension AllocatorWire.Allocate {
    static func some(
        _ allocation: String = "a1", owner: String = "1", arch: String? = nil, tags: [String] = []
    ) -> AllocatorWire.Allocate {
        AllocatorWire.Allocate(
            allocation: allocation, job: "42", owner: .init(id: owner, name: "alice"), pool: "lab",
            arch: arch,
            tags: tags, lifetime: 600, authorizedKeys: ["ssh-ed25519 AAAA"])
    }
}
