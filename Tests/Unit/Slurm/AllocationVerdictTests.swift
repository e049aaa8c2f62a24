import FoundationEssentials
import NodeOrder
import Testing

@testable import Slurm

@Suite("What the cluster says about an allocation") struct AllocationVerdictTests {
    private static let comment = "sallyport pool=p job=42 owner=alice"

    private func jobs(_ lines: String...) throws -> [SlurmJob] {
        try SlurmJob.list(lines.map { $0.replacing("OURS", with: Self.comment) }.joined(separator: "\n"))
    }

    @Test("without a job, one is submitted, and after an earlier one has ended too")
    func submits() throws {
        #expect(AllocationVerdict.make(of: [], own: nil) == .submit)
        let ended = try jobs(
            "7|42-a|NODE_FAIL|NodeDown|n1|1795967067|OURS", "8|42-a|FAILED|None|n1|1795967067|OURS")
        #expect(AllocationVerdict.make(of: ended, own: nil) == .submit)
    }

    @Test(
        "as long as it is not ready, it says how far it is",
        arguments: [
            ("7|42-a|PENDING|Resources||N/A|OURS", "Slurm job 7 waits for a free node"),
            ("7|42-a|CONFIGURING|None|n1|1795970730|OURS", "Slurm job 7: n1 is being prepared"),
            ("7|42-a|RUNNING|None|n1|1795970730|OURS", "Slurm job 7 runs on n1, and its builder boots"),
            (
                "7|42-a|SUSPENDED|None|n1|1795970730|OURS",
                "Slurm job 7 is suspended on n1: the cluster needs its place"
            ),
            ("7|42-a|COMPLETING|None|n1|1795970730|OURS", "Slurm job 7 is being ended"),
        ])
    func waits(line: String, sentence: String) throws {
        let jobs = try jobs(line)
        #expect(AllocationVerdict.make(of: jobs, own: nil) == .wait(jobs[0], sentence))
        #expect(AllocationVerdict.make(of: jobs, own: 7) == .wait(jobs[0], sentence))
    }

    @Test("it is ready when the node has reported where it is")
    func ready() throws {
        let jobs = try jobs(
            "7|42-a|RUNNING|None|n1|1795970730|OURS port=22001 key=ssh-ed25519:AAAA key=ecdsa-sha2-nistp256:BBBB",
            "8|42-a|PENDING|Resources||N/A|OURS")
        #expect(
            AllocationVerdict.make(of: jobs, own: 8)
                == .ready(
                    jobs[0], node: "n1", port: 22001,
                    hostKeys: ["ssh-ed25519 AAAA", "ecdsa-sha2-nistp256 BBBB"],
                    until: Date(timeIntervalSince1970: 1_795_970_730)))
    }

    @Test(
        "an end is the cluster's, and another job may do better",
        arguments: [
            ("NODE_FAIL", "the node n1 failed while the builder started"),
            ("PREEMPTED", "the cluster gave the builder's place on the node n1 to a more important job"),
            ("BOOT_FAIL", "the node n1 did not start"),
        ])
    func theClusters(word: String, sentence: String) throws {
        let jobs = try jobs("7|42-a|\(word)|None|n1|1795970730|OURS")
        #expect(AllocationVerdict.make(of: jobs, own: 7) == .notNow(sentence))
    }

    @Test(
        "an end is the builder's, and its job fails with a sentence",
        arguments: [
            (
                "7|42-a|FAILED|NonZeroExitCode|n1|1795970730|OURS",
                "the builder's Slurm job failed on the node n1 without saying why: is sallyport-machine there?"
            ),
            (
                "7|42-a|FAILED|NonZeroExitCode|n1|1795970730|OURS failed=the image in /i is another one: a=b",
                "n1: the image in /i is another one: a=b"
            ),
            (
                "7|42-a|RUNNING|None|n1|1795970730|OURS failed=no port from 1 to 2 is free",
                "n1: no port from 1 to 2 is free"
            ),
            ("7|42-a|COMPLETING|None|n1|1795970730|OURS failed=x", "n1: x"),
            (
                "7|42-a|CANCELLED|None|n1|1795970730|OURS",
                "the builder's Slurm job was cancelled on the cluster"
            ),
            (
                "7|42-a|TIMEOUT|TimeLimit|n1|1795970730|OURS",
                "the time limit of the builder's Slurm job passed before it was ready"
            ),
            (
                "7|42-a|OUT_OF_MEMORY|OutOfMemory|n1|1795970730|OURS",
                "the builder's Slurm job had too little memory on the node n1"
            ),
            (
                "7|42-a|PENDING|BadConstraints||N/A|OURS",
                "Slurm job 7 waits in vain: no node has what it asks for (BadConstraints)"
            ),
        ])
    func theBuilders(line: String, sentence: String) throws {
        #expect(AllocationVerdict.make(of: try jobs(line), own: 7) == .failed(sentence))
    }

    @Test("a job that the cluster has forgotten is asked for again")
    func forgotten() {
        #expect(
            AllocationVerdict.make(of: [], own: 7) == .notNow("the cluster no longer knows the Slurm job 7"))
    }
}
