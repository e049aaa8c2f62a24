import FoundationEssentials
import NodeOrder
import Testing

@testable import Slurm

/// What squeue of Slurm 22.05 has printed.
@Suite("What squeue says") struct SlurmJobTests {
    static let output = """
        3|3-cc|PENDING|Priority||1795974330|sallyport pool=p job=1 owner=alice
        4|4-dd|PENDING|PartitionTimeLimit||N/A|sallyport pool=p job=1 owner=alice
        1|1-aa|RUNNING|None|n1|1795970730|sallyport pool=p job=1 owner=alice port=22001 key=ssh-ed25519:AAAAC3
        2|2-bb|NODE_FAIL|NodeDown|n2|1795967067|sallyport pool=p job=1 owner=alice
        9|wrap|RUNNING|None|n2|1795970730|a | of someone's
        7|7-gg|PENDING|ReqNodeNotAvail, UnavailableNodes:n2||N/A|(null)

        """

    @Test("each line is a job")
    func lines() throws {
        let jobs = try SlurmJob.list(Self.output)
        #expect(jobs.map(\.number) == [3, 4, 1, 2, 9, 7])
        #expect(jobs.map(\.state.phase) == [.waiting, .waiting, .running, .ended, .running, .waiting])
        #expect(jobs.map(\.node) == [nil, nil, "n1", "n2", "n2", nil])
        #expect(jobs[0].end == Date(timeIntervalSince1970: 1_795_974_330) && jobs[1].end == nil)
        #expect(jobs[2].comment?.report == .ready(port: 22001, hostKeys: ["ssh-ed25519 AAAAC3"]))
        #expect(jobs[4].comment == nil && jobs[5].comment == nil)
        #expect(try SlurmJob.list("").isEmpty)
    }

    @Test(
        "what is not a job is not taken for an empty queue",
        arguments: ["slurm_load_jobs error", "1|a|RUNNING"])
    func noJob(line: String) {
        let error = #expect(throws: SlurmFault.self) { try SlurmJob.list("\(Self.output)\(line)\n") }
        #expect(error?.isPassing == true)
    }

    @Test(
        "each state that squeue(1) knows has a phase",
        arguments: [
            ("PENDING", SlurmState.Phase.waiting), ("CONFIGURING", .running), ("RUNNING", .running),
            ("SUSPENDED", .suspended), ("STOPPED", .suspended), ("COMPLETING", .ending),
            ("COMPLETED", .ended),
            ("CANCELLED", .ended), ("FAILED", .ended), ("TIMEOUT", .ended), ("PREEMPTED", .ended),
            ("NODE_FAIL", .ended), ("BOOT_FAIL", .ended), ("OUT_OF_MEMORY", .ended), ("DEADLINE", .ended),
            ("A_LATER_ONE", .running),
        ])
    func phases(word: String, phase: SlurmState.Phase) { #expect(SlurmState(word).phase == phase) }

    @Test("each end has a sentence of its own")
    func sentences() {
        let words = [
            "BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY",
            "PREEMPTED",
            "REVOKED", "TIMEOUT",
        ]
        let sentences = Set(words.map { SlurmState($0).sentence(node: "n1") })
        #expect(sentences.count == words.count)
        #expect(!sentences.contains { sentence in words.contains { sentence.contains($0) } })
    }

    @Test(
        "why a job waits is said in words",
        arguments: [
            ("Resources", "for a free node", false), ("Priority", "behind jobs that come before it", false),
            ("ReqNodeNotAvail, UnavailableNodes:n[1-2]", "for nodes that are down or reserved", false),
            ("AssocGrpCpuLimit", "because of AssocGrpCpuLimit", false),
            ("InvalidQOS", "in vain (InvalidQOS)", true),
            (
                "PartitionTimeLimit",
                "in vain: its time is longer than the partition allows (PartitionTimeLimit)", true
            ),
        ])
    func reasons(word: String, sentence: String, isHopeless: Bool) {
        #expect(WaitingReason(word).sentence == sentence)
        #expect(WaitingReason(word).isHopeless == isHopeless)
    }

    @Test(
        "what a client says decides whether it is asked again",
        arguments: [
            (
                "sbatch: error: Batch job submission failed: Invalid feature specification\n",
                "Batch job submission failed: Invalid feature specification", false
            ),
            (
                "sbatch: error: Memory specification can not be satisfied\n"
                    + "sbatch: error: Batch job submission failed: Requested node configuration is not available\n",
                "Batch job submission failed: Requested node configuration is not available", false
            ),
            (
                "slurm_load_jobs error: Unable to contact slurm controller (connect failure)\n",
                "Unable to contact slurm controller (connect failure)", true
            ),
            (
                "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation\n",
                "Batch job submission failed: Socket timed out on send/recv operation", true
            ),
            (
                "sbatch: error: QOSMaxSubmitJobPerUserLimit\nsbatch: error: Batch job submission failed: Job violates "
                    + "accounting/QOS policy (job submit limit, user's size and/or time limits)\n",
                "Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size and/or "
                    + "time limits)", true
            ),
            ("", "sbatch has failed without a word", false),
        ])
    func faults(said: String, reason: String, isPassing: Bool) {
        let fault = SlurmFault(of: "sbatch", saying: said)
        #expect(fault.reason == reason && fault.isPassing == isPassing)
    }
}
