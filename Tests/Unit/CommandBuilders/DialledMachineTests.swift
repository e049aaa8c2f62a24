import BuildAPI
import Foundation
import Provider
import Testing

@testable import CommandBuilders

/// Real allocators, whose machines dial a gateway.
@Suite("Machines that dial, from an allocator program") struct DialledMachineTests {
    private static let answer = #"echo '{"attach": true, "until": "2099-01-01T00:00:00Z", "data": "7"}'"#
    private static let dialled = DialledMachine(
        endpoint: .socket(path: "/run/a.sock"), user: "alice", hostKeys: [TestAllocator.hostKey])

    private static func allocator(_ script: String) throws -> TestAllocator {
        try TestAllocator(script) {
            $0.attach = .init(
                gateway: "builds@gw.example.org", port: 2222,
                knownHosts: "[gw.example.org]:2222 ssh-ed25519 AAAA")
        }
    }

    private static func request(
        _ arrival: @escaping @Sendable () async throws -> DialledMachine = { dialled }
    ) -> BuilderRequest {
        var request = TestAllocator.request("42-a")
        request.arrival = arrival
        return request
    }

    @Test(
        "it gets a key of its own, and what it needs to know of the gateway; the key goes when the machine has come"
    )
    func allocates() async throws {
        let allocator = try Self.allocator(
            "case $1 in allocate) cat >$here/question; \(Self.answer) ;; release) cat >$here/release ;; esac")
        let request = Self.request()
        let key = try #require(try await allocator.provider.attachKey(for: request.allocation))
        #expect(try await allocator.provider.attachKey(for: request.allocation) == key)
        let folder = "\(allocator.folder)/pool/42-a"
        var status = stat()
        #expect(stat("\(folder)/attach", &status) == 0 && status.st_mode & 0o777 == 0o600)
        let secret = try allocator.text(of: "pool/42-a/attach")
        let builder = try await allocator.provider.allocate(request) { _ in }
        #expect(builder.hasDialled && builder.user == "alice" && builder.hostKeys == [TestAllocator.hostKey])
        #expect(builder.endpoint == .socket(path: "/run/a.sock") && builder.data == "7")
        let question = try JSONSerialization.jsonObject(with: Data(allocator.text(of: "question").utf8))
        let attach = try #require((question as? [String: Any])?["attach"] as? NSDictionary)
        let expected: NSDictionary = [
            "gateway": "builds@gw.example.org", "port": 2222, "key": secret,
            "known_hosts": "[gw.example.org]:2222 ssh-ed25519 AAAA",
        ]
        #expect(attach == expected && secret.hasPrefix("-----BEGIN OPENSSH PRIVATE KEY-----\n"))
        let files = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        #expect(files == ["gateway.sock", "known_hosts", "machine.json"])

        // Another runner finds it, and follows it to where it has come back.
        let again = try #require(await allocator.provider.reattach(TestAllocator.allocation()))
        #expect(again.hasDialled && again.endpoint == builder.endpoint)
        try again.moved(to: .socket(path: "/run/b.sock"))
        #expect(builder.endpoint == .socket(path: "/run/b.sock"))
        try await allocator.provider.release(TestAllocator.allocation(data: "7"), entered: false)
        #expect(try allocator.text(of: "release").contains(#""data":"7""#))
        #expect(!FileManager.default.fileExists(atPath: folder))
    }

    @Test("without the setting there is no key, and a pool with it need not use it")
    func choices() async throws {
        let plain = try TestAllocator("cat >$here/question; \(TestAllocator.answer())")
        #expect(try await plain.provider.attachKey(for: AllocationID("42-a")!) == nil)
        _ = try await plain.provider.allocate(Self.request()) { _ in }
        #expect(!(try plain.text(of: "question").contains("attach")))
        let both = try Self.allocator(TestAllocator.answer())
        _ = try await both.provider.attachKey(for: AllocationID("42-a")!)
        let builder = try await both.provider.allocate(Self.request()) { _ in }
        #expect(!builder.hasDialled && builder.endpoint == .address("192.0.2.7", port: 2222))
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: "\(both.folder)/pool/42-a").contains("attach")
                == false)
    }

    @Test("a machine that is gone before it has dialled, and one whose answer makes no sense")
    func failures() async throws {
        let gone = try Self.allocator(
            """
            case $1 in
            allocate) \(Self.answer) ;;
            list) echo '{"allocations": [{"allocation": "42-a", "state": "gone"}]}' ;;
            esac
            """)
        _ = try await gone.provider.attachKey(for: AllocationID("42-a")!)
        let never: @Sendable () async throws -> DialledMachine = {
            try await Task.sleep(for: .seconds(3600))
            throw CancellationError()
        }
        let ended = await #expect(throws: AllocationFailure.self) {
            try await gone.provider.allocate(Self.request(never)) { _ in }
        }
        #expect(ended?.kind == .failed && ended?.description == "the machine has ended before it has dialled")
        let past = try Self.allocator(#"echo '{"attach": true, "until": "2001-01-01T00:00:00Z"}'"#)
        _ = try await past.provider.attachKey(for: AllocationID("42-a")!)
        let late = await #expect(throws: AllocationFailure.self) {
            try await past.provider.allocate(Self.request(never)) { _ in }
        }
        #expect(late?.description.contains("until: ") == true)
    }
}
