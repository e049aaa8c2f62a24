import AllocatorProtocol
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
        let hosts = [SSHHost.named("a", arch: "amd64"), .named("b", arch: "arm64", tags: ["gpu", "big"])]
        #expect(choice(hosts) == .take(hosts[0], mustReset: false))
        #expect(choice(hosts, arch: "arm64") == .take(hosts[1], mustReset: false))
        #expect(choice(hosts, tags: ["big"]) == .take(hosts[1], mustReset: false))
        #expect(
            choice(hosts, arch: "amd64", tags: ["gpu"])
                == .never("no machine here has the architecture amd64 and the tags gpu"))
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
        #expect(choice([plain], others) == .wait("no machine is free: 1 reserved for another owner"))
        #expect(choice([renewable], others) == .take(renewable, mustReset: true))
        #expect(choice([plain], { $0[plain].lastOwner = "1" }) == .take(plain, mustReset: false))
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
        _ name: String, arch: String? = nil, tags: [String] = [], reuse: Reuse = .trusted
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
