import TestBed
import Testing

/// Jobs whose builders come from a cluster.
@Suite(.serialized) struct SlurmRunnerTests {
    private func pool(_ cluster: SlurmCluster) -> String {
        let words = cluster.command.map { "\"\($0)\"" }.joined(separator: ", ")
        return "[runner.pool.cluster]\nkind = \"command\"\nmax = 4\ncommand = [\(words)]\n"
    }

    @Test(.timeLimit(.minutes(6))) func aJobRunsOnANodeAndPeopleEnterIt() async throws {
        let testBed = try await SharedTestBed.get()
        try await SlurmCluster.with(testBed) { cluster in
            try await OwnRunner.with(
                testBed, size: "60m", at: testBed.orphanedSocket, more: pool(cluster)
            ) { runner in
                let manifest = "pool: cluster\nimage: debian\ntasks:\n  - check: echo it runs; exit 3\n"
                await expect(try await runner.submit(manifest), status: 0, in: testBed)
                try await runner.wait(for: "the builder is kept", in: "logs/1/log", seconds: 120)
                expectInOrder(
                    try await runner.log("1"),
                    [
                        "cluster: Slurm job 1 is submitted", "cluster: Slurm job 1 runs on n",
                        "its builder boots",
                    ])
                #expect(try await runner.log("1", "check").contains("it runs\n"))
                let comment = try await cluster.shell("squeue -h -o '%T %k'")
                #expect(comment.text.hasPrefix("RUNNING sallyport pool=cluster job=1 owner=alice port=22"))
                let inside = try await Command.run(
                    testBed.ssh(["connect", "1", "id -un; cat ~/.tasks/check"], to: .orphaned))
                await expect(inside, status: 0, output: ["build\n", "echo it runs"], in: testBed)
                let released = try await Command.run(testBed.ssh(["release", "1", "--yes"], to: .orphaned))
                await expect(released, status: 0, in: testBed)
                try await cluster.waitUntilNothingIsLeft()
                await expect(
                    try await runner.sallyport(["allocations"]), status: 0, output: ["taken back"],
                    in: testBed)
            }
        }
    }

    @Test(.timeLimit(.minutes(6))) func aRunnerThatIsKilledWhileItAllocatesLeavesNoBatchJob() async throws {
        let testBed = try await SharedTestBed.get()
        try await SlurmCluster.with(testBed) { cluster in
            try await OwnRunner.with(testBed, size: "60m", more: pool(cluster)) { runner in
                let manifest = "pool: cluster\nimage: debian\ntasks:\n  - a: echo\n"
                await expect(try await runner.submit(manifest), status: 0, in: testBed)
                try await runner.wait(for: "its builder boots", in: "logs/1/log")
                let before = try await cluster.shell("squeue -h -o %j").text.trimmed
                #expect(before.hasPrefix("1-") && !before.contains("\n"), "\(before)")
                try await runner.kill()
                try await runner.start()
                // The allocation that the killed runner had begun is released; the job gets another one.
                try await cluster.wait(until: "[ -z \"$(squeue -h --name=\(before))\" ]")
                try await runner.wait(for: "Z success", in: "logs/1/log", seconds: 120)
                try await cluster.waitUntilNothingIsLeft()
            }
        }
    }
}
