import AllocatorProtocol
import FoundationEssentials
import Synchronization
import Testing

@testable import Slurm

@Suite("The allocator slurm") struct SlurmAllocatorTests {
    private typealias Cluster = StandInCluster
    private let request = SubmissionTests.request("42-a")

    @Test("it submits a job, and answers where the node says the builder is")
    func allocates() async throws {
        let cluster = try StandInCluster()
        try cluster.write(Cluster.line("RUNNING", Cluster.report), to: "submitted")
        let answer = try await cluster.allocator().allocate(request)
        #expect(
            answer
                == AllocatorWire.Allocated(
                    address: "192.0.2.7", port: 22001, user: "build", hostKeys: ["ssh-ed25519 AAAA"],
                    until: Date(timeIntervalSince1970: 4_102_444_800), data: "Slurm job 7 on n1"))
        #expect(cluster.calls(of: "sbatch").count == 1)
        // Asked again, it answers with the same.
        #expect(try await cluster.allocator().allocate(request) == answer)
        #expect(cluster.calls(of: "sbatch").count == 1)
    }

    @Test("it says what squeue says, once")
    func progress() async throws {
        let cluster = try StandInCluster()
        try cluster.program(
            "squeue",
            """
            n=$(($(cat $here/n 2>/dev/null || echo 0) + 1)); echo $n >$here/n
            case $n in
            1) ;;
            2 | 3 | 4) echo '7|42-a|PENDING|Resources||N/A|sallyport pool=cluster job=42 owner=alice' ;;
            5) \(Cluster.away); exit 1 ;;
            6 | 7) printf '\(Cluster.line("RUNNING"))' ;;
            *) printf '\(Cluster.line("RUNNING", Cluster.report))' ;;
            esac
            """)
        _ = try await cluster.allocator().allocate(request)
        #expect(
            cluster.said.withLock { $0 } == [
                "Slurm job 7 is submitted", "Slurm job 7 waits for a free node",
                "Unable to contact slurm controller (connect failure): Slurm is asked again",
                "Slurm job 7 runs on n1, and its builder boots",
            ])
    }

    @Test("a job that waits too long keeps its place for the next attempt")
    func notNow() async throws {
        let cluster = try StandInCluster()
        try cluster.write(Cluster.line("PENDING"), to: "submitted")
        let error = await #expect(throws: AllocatorEnd.self) {
            try await cluster.allocator(patience: 0).allocate(request)
        }
        #expect(error == AllocatorEnd(75, "Slurm job 7 is submitted"))
        let again = await #expect(throws: AllocatorEnd.self) {
            try await cluster.allocator(patience: 0).allocate(request)
        }
        #expect(again == AllocatorEnd(75, "Slurm job 7 waits for the cluster's scheduler"))
        #expect(cluster.calls(of: "sbatch").count == 1 && cluster.calls(of: "scancel") == [])
    }

    @Test("a submission whose answer is lost is found, and what was submitted twice is cancelled")
    func lostAnswer() async throws {
        let cluster = try StandInCluster()
        try cluster.write(
            Cluster.line("PENDING", number: 8) + Cluster.line("RUNNING", Cluster.report), to: "submitted")
        try cluster.program(
            "sbatch",
            """
            cat >/dev/null; cp $here/submitted $here/queue
            echo 'sbatch: error: Batch job submission failed: Socket timed out on send/recv operation' >&2; exit 1
            """)
        let answer = try await cluster.allocator().allocate(request)
        #expect(answer.data == "Slurm job 7 on n1")
        #expect(cluster.calls(of: "scancel") == ["scancel 8"])
    }

    @Test("what the cluster refuses fails the job, with the cluster's words")
    func refused() async throws {
        let cluster = try StandInCluster()
        try cluster.program(
            "sbatch",
            "cat >/dev/null; echo 'sbatch: error: Batch job submission failed: Invalid qos specification' >&2; exit 1"
        )
        let error = await #expect(throws: AllocatorEnd.self) {
            try await cluster.allocator().allocate(request)
        }
        #expect(error == AllocatorEnd(1, "Batch job submission failed: Invalid qos specification"))
    }

    @Test("whoever gives up takes the job back")
    func cancelled() async throws {
        let cluster = try StandInCluster()
        try cluster.write(Cluster.line("PENDING"), to: "submitted")
        try cluster.write(Cluster.line("CANCELLED"), to: "cancelled")
        let allocator = try cluster.allocator()
        let allocating = Task { try await allocator.allocate(request) }
        while cluster.calls(of: "squeue").count < 3 { try await Task.sleep(for: .milliseconds(2)) }
        allocating.cancel()
        await #expect(throws: AllocatorEnd(1, "given up")) { try await allocating.value }
        #expect(cluster.calls(of: "scancel") == ["scancel 7"])
    }

    @Test("an id that would be more than a name is refused", arguments: ["a,b", "", "-x", "a b", "$(id)"])
    func hostileID(id: String) async throws {
        let cluster = try StandInCluster()
        let error = await #expect(throws: AllocatorEnd.self) {
            try await cluster.allocator().allocate(SubmissionTests.request(id))
        }
        #expect(error?.status == 64)
        await #expect(throws: AllocatorEnd.self) {
            try await cluster.allocator().release(.init(allocation: id, data: nil, entered: false))
        }
        #expect(cluster.calls(of: "squeue") == [])
    }

    @Test("a release returns when nothing is left, and can be repeated")
    func releases() async throws {
        let cluster = try StandInCluster()
        try cluster.write(Cluster.line("RUNNING") + Cluster.line("SUSPENDED", number: 8), to: "queue")
        try cluster.program(
            "squeue",
            """
            cat $here/queue
            # Its processes are being ended for a moment.
            ! grep -q COMPLETING $here/queue || : >$here/queue
            """)
        try cluster.write(Cluster.line("COMPLETING"), to: "cancelled")
        let release = AllocatorWire.Release(allocation: "42-a", data: nil, entered: true)
        try await cluster.allocator().release(release)
        #expect(cluster.calls(of: "scancel") == ["scancel 7", "scancel 8"])
        #expect(cluster.calls(of: "squeue").allSatisfy { $0.contains("--name=42-a") })
        try await cluster.allocator().release(release)
        #expect(cluster.calls(of: "scancel").count == 2)
    }

    @Test("nothing is gone because the controller is away")
    func away() async throws {
        let cluster = try StandInCluster()
        try cluster.remove("queue")
        let reason = "Unable to contact slurm controller (connect failure)"
        await #expect(throws: AllocatorEnd(75, reason)) {
            try await cluster.allocator().release(.init(allocation: "42-a", data: nil, entered: false))
        }
        await #expect(throws: AllocatorEnd(75, reason)) {
            try await cluster.allocator().list(.init(pool: "cluster"))
        }
    }

    @Test("the list is one call, and has the pool's own jobs")
    func lists() async throws {
        let cluster = try StandInCluster()
        try cluster.write(
            Cluster.line("NODE_FAIL", name: "1-a") + Cluster.line("RUNNING", number: 8, name: "1-a")
                + Cluster.line("PENDING", number: 9, name: "2-a")
                + Cluster.line("TIMEOUT", number: 10, name: "3-a")
                + Cluster.line("SUSPENDED", number: 11, name: "4-a")
                + Cluster.line("RUNNING", number: 12, name: "5-a").replacing(
                    "pool=cluster", with: "pool=other")
                + "13|6-a|RUNNING|None|n1|4102444800|(null)\n", to: "queue")
        let list = try await cluster.allocator().list(.init(pool: "cluster"))
        let end = Date(timeIntervalSince1970: 4_102_444_800)
        #expect(
            list.allocations == [
                .init(allocation: "1-a", state: .alive, until: end), .init(allocation: "2-a", state: .alive),
                .init(allocation: "3-a", state: .gone), .init(allocation: "4-a", state: .alive),
            ])
        #expect(cluster.calls(of: "squeue").count == 1)
    }
}
