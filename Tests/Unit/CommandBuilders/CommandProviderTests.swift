import BuildAPI
import Foundation
import Glibc
import HelperPrograms
import Provider
import Synchronization
import TestSupport
import Testing

@testable import CommandBuilders

/// Real allocators: scripts of sh(1). They have a long time, because the machine may be busy.
@Suite("Builders from an allocator program") struct CommandProviderTests {
    @Test(
        "allocate: the question, the environment, progress, the answer; and another runner finds the machine again"
    )
    func allocate() async throws {
        let allocator = try TestAllocator(
            """
            cat >$here/question; env | sort >$here/environment; pwd >$here/place
            echo "asking for $SALLYPORT_ARCH" >&2
            \(TestAllocator.answer())
            """)
        let builder = try await allocator.allocate()
        #expect(builder.endpoint == .address("192.0.2.7", port: 2222) && builder.user == "build")
        #expect(builder.hostKeys == [TestAllocator.hostKey] && builder.data == "m1")
        #expect(builder.until == Date(timeIntervalSince1970: 4_070_908_800))
        #expect(allocator.said.withLock { $0 } == ["asking for arm64"])
        let question = try JSONSerialization.jsonObject(with: Data(allocator.text(of: "question").utf8))
        let expected: NSDictionary = [
            "allocation": "42-a", "job": "42", "owner": ["id": "7", "name": "alice"], "pool": "lab",
            "arch": "arm64", "tags": ["gpu"], "lifetime": 3600, "authorized_keys": [TestAllocator.hostKey],
        ]
        #expect(expected == question as? NSDictionary)
        let environment = try allocator.text(of: "environment").split(separator: "\n").filter {
            $0.hasPrefix("SALLYPORT_")
        }
        #expect(
            environment == [
                "SALLYPORT_ALLOCATION=42-a", "SALLYPORT_ARCH=arm64", "SALLYPORT_JOB=42",
                "SALLYPORT_LIFETIME=3600", "SALLYPORT_OWNER=alice", "SALLYPORT_POOL=lab",
            ])
        #expect(try allocator.text(of: "place").hasSuffix("/pool/work\n"))

        let again = try #require(await allocator.provider.reattach(TestAllocator.allocation()))
        #expect(
            again.endpoint == builder.endpoint && again.hostKeys == builder.hostKeys && again.data == "m1")
        #expect(await allocator.provider.reattach(TestAllocator.allocation("43-a")) == nil)
        let over = TestAllocator.allocation(until: Date(timeIntervalSinceNow: -1))
        #expect(await allocator.provider.reattach(over) == nil)
    }

    @Test(
        "why nothing was allocated",
        arguments: [
            ("exit 75", .notNow, "the pool has no machine free"),
            ("echo first >&2; echo 'all are taken' >&2; exit 75", .notNow, "all are taken"),
            ("echo 'no such tag' >&2; exit 1", .failed, "no such tag"),
            ("kill -KILL $$", .failed, "the pool's allocator has failed"),
            ("exit 0", .failed, "no answer that can be used"),
            ("echo '[]'", .failed, "no answer that can be used"),
            ("head -c 100000 /dev/zero", .failed, "no answer that can be used"),
            (
                "echo '{\"attach\": true, \"until\": \"2099-01-01T00:00:00Z\"}'", .failed,
                "set attach in [runner.pool.lab]"
            ),
        ] as [(String, AllocationFailure.Kind, String)])
    func failures(script: String, kind: AllocationFailure.Kind, sentence: String) async throws {
        let allocator = try TestAllocator(script)
        let failure = await #expect(throws: AllocationFailure.self) { try await allocator.allocate() }
        #expect(failure?.kind == kind)
        #expect(failure?.description.contains(sentence) == true, "\(String(reflecting: failure))")
    }

    @Test(
        "an answer is checked",
        arguments: [
            ("address", "m1.example.org"), ("address", "-oProxyCommand=x"), ("port", 0), ("port", 65536),
            ("user", "-l"), ("user", "a b"), ("user", ""), ("host_keys", ["ssh-ed25519 AAAA"]),
            ("host_keys", [String]()), ("until", "2001-01-01T00:00:00Z"),
            ("data", String(repeating: "x", count: 4097)),
        ] as [(String, any Sendable)])
    func answers(member: String, value: any Sendable) async throws {
        let allocator = try TestAllocator(TestAllocator.answer([member: value]))
        let failure = await #expect(throws: AllocationFailure.self) { try await allocator.allocate() }
        #expect(failure?.kind == .failed && failure?.description.contains("\(member): ") == true)
        guard member != "data" else { return }
        let missing = try TestAllocator(TestAllocator.answer(without: member))
        await #expect(throws: AllocationFailure.self) { try await missing.allocate() }
    }

    @Test("host keys can be left out only where those count that the machine shows first")
    func firstUse() async throws {
        for keys in [nil, [String]()] {
            let script =
                keys.map { TestAllocator.answer(["host_keys": $0]) }
                ?? TestAllocator.answer(without: "host_keys")
            let given = try TestAllocator(script)
            await #expect(throws: AllocationFailure.self) { try await given.allocate() }
            let first = try TestAllocator(script) { $0.acceptsFirstKeys = true }
            let builder = try await first.allocate()
            #expect(builder.hostKeys == [])
            let again = try #require(await first.provider.reattach(TestAllocator.allocation()))
            #expect(again.hostKeys == [])
        }
        // What it does name counts, and has to be right.
        let named = try TestAllocator(TestAllocator.answer()) { $0.acceptsFirstKeys = true }
        let builder = try await named.allocate()
        #expect(builder.hostKeys == [TestAllocator.hostKey])
        let wrong = try TestAllocator(TestAllocator.answer(["host_keys": ["ssh-ed25519 AAAA"]])) {
            $0.acceptsFirstKeys = true
        }
        await #expect(throws: AllocationFailure.self) { try await wrong.allocate() }
    }

    @Test("what ssh-keyscan says")
    func keyscan() {
        let key = TestAllocator.hostKey
        let output = """
            # 192.0.2.7:22 SSH-2.0-OpenSSH_9.2
            192.0.2.7 \(key)
            [2001:db8::7]:2222 \(key)
            192.0.2.7 ssh-rsa AAAA
            192.0.2.7
            """
        #expect(FirstHostKeys.keys(in: output) == [key])
        #expect(FirstHostKeys.keys(in: "") == [])
    }

    @Test("one that is given up gets SIGTERM, with all that it has started")
    func cancellation() async throws {
        let allocator = try TestAllocator(
            """
            trap 'echo asked >$here/asked; exit 1' TERM
            sleep 600 & echo "$!" >&2
            wait
            """)
        let (lines, line) = AsyncStream<String>.makeStream()
        let allocating = Task {
            try await allocator.provider.allocate(TestAllocator.request("42-a")) { line.yield($0) }
        }
        var said = lines.makeAsyncIterator()
        let sleeping = try #require(await said.next().flatMap { pid_t($0) })
        allocating.cancel()
        await #expect(throws: CancellationError.self) { _ = try await allocating.value }
        #expect(try allocator.text(of: "asked") == "asked\n")
        try await waitUntilGone(sleeping)
    }

    @Test("release: told what it needs, again if it fails, and harmless for what was never allocated")
    func release() async throws {
        let allocator = try TestAllocator(
            """
            case $1 in
            allocate) \(TestAllocator.answer()) ;;
            release) cat >>$here/released; echo >>$here/released; [ ! -e $here/broken ] || { echo broken >&2; exit 3; } ;;
            esac
            """)
        _ = try await allocator.allocate()
        _ = FileManager.default.createFile(atPath: allocator.folder + "/broken", contents: nil)
        let error = await #expect(throws: BuilderError.self) {
            try await allocator.provider.release(TestAllocator.allocation(), entered: true)
        }
        #expect(error?.detail == "the allocator has ended with exited(3): broken")
        try FileManager.default.removeItem(atPath: allocator.folder + "/broken")
        try await allocator.provider.release(TestAllocator.allocation(), entered: true)
        try await allocator.provider.release(TestAllocator.allocation("43-a", data: "note"), entered: false)
        #expect(
            try allocator.text(of: "released").split(separator: "\n") == [
                #"{"allocation":"42-a","data":"m1","entered":true}"#,
                #"{"allocation":"42-a","data":"m1","entered":true}"#,
                #"{"allocation":"43-a","data":"note","entered":false}"#,
            ])
        #expect(await allocator.provider.reattach(TestAllocator.allocation()) == nil)
        #expect(try FileManager.default.contentsOfDirectory(atPath: allocator.folder + "/pool") == ["work"])
    }

    @Test("what an allocate has left behind that was killed is ended before its release")
    func leftovers() async throws {
        let allocator = try TestAllocator("exit 0")
        // As a runner that was killed leaves them.
        let processes = try ["77-z", "77-zz"].map { id in
            let process = Process()
            process.executableURL = URL(filePath: "/bin/sleep")
            process.arguments = ["600"]
            process.environment = ["SALLYPORT_ALLOCATION": id]
            try process.run()
            return process.processIdentifier
        }
        defer { for process in processes { kill(process, SIGKILL) } }
        try await allocator.provider.release(TestAllocator.allocation("77-z"), entered: false)
        try await waitUntilGone(processes[0])
        #expect(kill(processes[1], 0) == 0)
    }

    @Test("extend: nobody is promised more than the allocator says")
    func extend() async throws {
        let soon = Date(timeIntervalSince1970: 4_000_000_000)
        let later = soon.addingTimeInterval(3600)
        let allocation = TestAllocator.allocation(until: soon)
        let cannot = try TestAllocator("exit 64")
        #expect(try await cannot.provider.extend(allocation, until: later) == soon)
        let some = try TestAllocator("cat >$here/question; echo '{\"until\": \"2096-10-02T07:36:40Z\"}'")
        #expect(try await some.provider.extend(allocation, until: later) == soon.addingTimeInterval(1800))
        #expect(try some.text(of: "question") == #"{"allocation":"42-a","until":"2096-10-02T08:06:40Z"}"#)
        // It has that already, and is not asked.
        let never = try TestAllocator("exit 1")
        #expect(try await never.provider.extend(allocation, until: soon.addingTimeInterval(-1)) == soon)
        await #expect(throws: BuilderError.self) { try await never.provider.extend(allocation, until: later) }
    }

    @Test("a program that others can change is refused")
    func ownership() throws {
        let folder = NSTemporaryDirectory() + "root-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        _ = FileManager.default.createFile(
            atPath: folder + "/allocator", contents: nil, attributes: [.posixPermissions: 0o777])
        #expect(RootsFile.objection(toProgram: "/bin/sh") == nil)
        #expect(
            RootsFile.objection(toProgram: folder + "/allocator")?.contains("must belong to root") == true)
        #expect(RootsFile.objection(toProgram: "/usr/bin/no such program")?.contains("No such file") == true)
        // Whoever can change a link names another program.
        try FileManager.default.createSymbolicLink(
            atPath: folder + "/link", withDestinationPath: "/bin/sh")
        #expect(RootsFile.objection(toProgram: folder + "/link")?.contains("must belong to root") == true)
        #expect(RootsFile.objection(toProgram: "/usr/../bin/./sh") == nil)
        #expect(RootsFile.objection(toProgram: "sh")?.contains("must begin with a /") == true)
        #expect(RootsFile.objection(toProgram: "/etc/passwd")?.contains("cannot be executed") == true)
    }
}
