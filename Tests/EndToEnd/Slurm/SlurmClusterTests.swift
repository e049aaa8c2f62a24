import Foundation
import TestBed
import Testing

/// The allocator `slurm` with a real cluster.
@Suite(.serialized) struct SlurmClusterTests {
    @Test(.timeLimit(.minutes(5))) func twoJobsHaveTwoNodesAndAThirdWaits() async throws {
        try await SlurmCluster.with(try await SharedTestBed.get()) { cluster in
            let testBed = cluster.testBed
            let begun = Date()
            async let one = cluster.allocate("1-a")
            async let two = cluster.allocate("2-a")
            let machines = try [SlurmAnswer(try await one.text), SlurmAnswer(try await two.text)]
            #expect(Set(machines.map(\.node)) == ["n1", "n2"])
            #expect(machines.allSatisfy { $0.address == "127.0.0.1" && $0.user == "build" })
            for machine in machines {
                // One after the other: an emulated machine takes its time for each.
                for (type, name) in [("ed25519", "ssh-ed25519"), ("ecdsa", "ecdsa-sha2-nistp256")] {
                    let key = try #require(machine.hostKeys.first { $0.hasPrefix("\(name) ") })
                    let shown = try await cluster.hostKey(type, at: machine.port)
                    await expect(shown, status: 0, output: [" \(key)\n"], in: testBed)
                }
                #expect(machine.hostKeys.count == 2)
                let until = try Date(machine.until, strategy: .iso8601)
                #expect(
                    until.timeIntervalSince(begun) >= 600 && until.timeIntervalSinceNow <= 780,
                    "\(machine.until)")
            }
            // The third says why it waits, and gets the node of the first that ends.
            try await cluster.beginToAllocate("3-a")
            try await cluster.wait(for: "waits for a free node", from: "3-a")
            await expect(
                try await cluster.list(), status: 0,
                output: [#""allocation":"1-a","state":"alive""#, #""allocation":"3-a","state":"alive""#],
                in: testBed)
            // Asked again, the first answers with the same machine.
            let again = try SlurmAnswer(try await cluster.allocate("1-a").text)
            #expect(again.port == machines[0].port && again.hostKeys == machines[0].hostKeys)
            await expect(try await cluster.release("1-a"), status: 0, in: testBed)
            let third = try await cluster.end(of: "3-a")
            #expect(third.status == "0", "\(third)")
            #expect(try SlurmAnswer(third.answer).node == machines[0].node)
            await expect(
                try await cluster.call("extend", #"{"allocation": "3-a", "until": "2090-01-01T00:00:00Z"}"#),
                status: 64, in: testBed)
            for id in ["2-a", "3-a", "3-a"] {
                await expect(try await cluster.release(id), status: 0, in: testBed)
            }
            try await cluster.waitUntilNoFileIsLeft()
        }
    }

    @Test(.timeLimit(.minutes(4))) func whatIsCancelledOnTheClusterIsGone() async throws {
        try await SlurmCluster.with(try await SharedTestBed.get()) { cluster in
            let testBed = cluster.testBed
            let machine = try SlurmAnswer(try await cluster.allocate("1-a").text)
            // Another one while its builder boots.
            try await cluster.beginToAllocate("2-a")
            try await cluster.wait(for: "its builder boots", from: "2-a")
            let number = try #require(machine.job)
            await expect(
                try await cluster.shell("scancel \(number); scancel --name=2-a"), status: 0, in: testBed)
            let second = try await cluster.end(of: "2-a")
            #expect(
                second.status == "1" && second.said.hasSuffix("was cancelled on the cluster"), "\(second)")
            try await cluster.waitUntilNothingIsLeft()
            await expect(
                try await cluster.list(), status: 0, output: [#""allocation":"1-a","state":"gone""#],
                in: testBed)
            await expect(try await cluster.release("1-a"), status: 0, in: testBed)
        }
    }

    @Test(.timeLimit(.minutes(5))) func aNodeThatDiesTakesItsBuildersWithIt() async throws {
        try await SlurmCluster.with(try await SharedTestBed.get()) { cluster in
            let testBed = cluster.testBed
            let machine = try SlurmAnswer(try await cluster.allocate("1-a").text)
            try await cluster.change("kill-node", try #require(machine.node))
            // What runs the machine was killed with -9, and the machine ends with it.
            try await cluster.wait(
                until: "! bash -c 'exec 3<>/dev/tcp/127.0.0.1/\(machine.port)'", seconds: 60)
            try await cluster.wait(
                until: "squeue -h --states=all --name=1-a -o %T | grep -q NODE_FAIL", seconds: 60)
            await expect(
                try await cluster.list(), status: 0, output: [#""allocation":"1-a","state":"gone""#],
                in: testBed)
            await expect(try await cluster.release("1-a"), status: 0, in: testBed)
            // One whose node dies meanwhile is asked for again, and gets another one, or this one when it is back.
            try await cluster.beginToAllocate("2-a")
            try await cluster.wait(for: "its builder boots", from: "2-a")
            let node = try await cluster.shell("squeue -h --name=2-a -o %N").text.trimmed
            #expect(node != machine.node)
            try await cluster.change("kill-node", node)
            let failed = try await cluster.end(of: "2-a")
            #expect(failed.status == "75", "\(failed)")
            #expect(failed.said.hasSuffix("the node \(node) failed while the builder started"), "\(failed)")
            try await cluster.change("node", try #require(machine.node))
            let again = try SlurmAnswer(try await cluster.allocate("2-a").text)
            #expect(again.node == machine.node)
            await expect(try await cluster.release("2-a"), status: 0, in: testBed)
            // What was killed has left files, which the next one on the node removes.
            try await cluster.waitUntilNoFileIsLeft()
        }
    }

    @Test(.timeLimit(.minutes(5))) func aControllerThatIsAwayEndsNothing() async throws {
        try await SlurmCluster.with(try await SharedTestBed.get()) { cluster in
            let testBed = cluster.testBed
            let machine = try SlurmAnswer(try await cluster.allocate("1-a").text)
            try await cluster.beginToAllocate("2-a")
            try await cluster.wait(for: "its builder boots", from: "2-a")
            try await cluster.change("stop-controller")
            try await cluster.wait(for: "Unable to contact slurm controller", from: "2-a")
            await expect(
                try await cluster.list(), status: 75, errors: ["Unable to contact slurm controller"],
                in: testBed)
            await expect(try await cluster.release("1-a"), status: 75, in: testBed)
            // Builders go on.
            await expect(
                try await cluster.hostKey("ed25519", at: machine.port), status: 0, output: ["ssh-ed25519"],
                in: testBed)
            try await cluster.change("controller")
            let second = try await cluster.end(of: "2-a")
            #expect(second.status == "0", "\(second)")
            await expect(
                try await cluster.list(), status: 0,
                output: [#""allocation":"1-a","state":"alive""#, #""allocation":"2-a","state":"alive""#],
                in: testBed)
            for id in ["1-a", "2-a"] {
                await expect(try await cluster.release(id), status: 0, in: testBed)
            }
        }
    }

    /// SIGTERM comes to its process group, as when a job is cancelled.
    @Test(.timeLimit(.minutes(4))) func whoeverGivesUpLeavesNothing() async throws {
        try await SlurmCluster.with(try await SharedTestBed.get()) { cluster in
            for (id, line) in [("1-a", "is submitted"), ("2-a", "its builder boots")] {
                try await cluster.beginToAllocate(id)
                try await cluster.wait(for: line, from: id)
                _ = try await cluster.shell("kill -TERM $(cat \(cluster.folder)/\(id).pid)")
                let end = try await cluster.end(of: id)
                #expect(end.status == "1" && end.answer.isEmpty, "\(end)")
                try await cluster.waitUntilNothingIsLeft()
                try await cluster.waitUntilNoFileIsLeft()
            }
        }
    }

    @Test(.timeLimit(.minutes(4))) func aMoreImportantJobTakesThePlace() async throws {
        try await SlurmCluster.with(try await SharedTestBed.get()) { cluster in
            let testBed = cluster.testBed
            _ = try SlurmAnswer(try await cluster.allocate("1-a").text)
            _ = try SlurmAnswer(try await cluster.allocate("2-a").text)
            await expect(
                try await cluster.shell(
                    "sbatch --partition=urgent --job-name=urgent --mem=600 --output=/dev/null --wrap 'sleep 600'"
                ),
                status: 0, in: testBed)
            try await cluster.wait(until: "squeue -h --states=all -o %T | grep -q PREEMPTED")
            let listed = try await cluster.list()
            await expect(listed, status: 0, output: [#""state":"alive""#, #""state":"gone""#], in: testBed)
            for id in ["1-a", "2-a"] {
                await expect(try await cluster.release(id), status: 0, in: testBed)
            }
            await expect(try await cluster.shell("scancel --name=urgent"), status: 0, in: testBed)
        }
    }

    @Test(.timeLimit(.minutes(4))) func aSuspendedBuilderGoesOnLater() async throws {
        try await SlurmCluster.with(try await SharedTestBed.get()) { cluster in
            let testBed = cluster.testBed
            let machine = try SlurmAnswer(try await cluster.allocate("1-a").text)
            let number = try #require(machine.job)
            await expect(try await cluster.shell("scontrol suspend \(number)"), status: 0, in: testBed)
            #expect(
                try await cluster.hostKey("ed25519", at: machine.port, within: 3).text.isEmpty, "it goes on")
            await expect(
                try await cluster.list(), status: 0, output: [#""allocation":"1-a","state":"alive""#],
                in: testBed)
            await expect(try await cluster.shell("scontrol resume \(number)"), status: 0, in: testBed)
            await expect(
                try await cluster.hostKey("ed25519", at: machine.port), status: 0, output: ["ssh-ed25519"],
                in: testBed)
            // One that is suspended can be released, too.
            await expect(try await cluster.shell("scontrol suspend \(number)"), status: 0, in: testBed)
            await expect(try await cluster.release("1-a"), status: 0, in: testBed)
        }
    }

    /// Each failure is one sentence for the job's owner.
    @Test(
        .timeLimit(.minutes(3)),
        arguments: [
            ("partition = \"none\"", "partition = \"builds\"", "Invalid partition name specified"),
            ("constraint = \"gold\"", "", "Invalid feature specification"),
            ("partition = \"short\"", "partition = \"builds\"", "longer than the partition allows"),
            (
                "sha256 = \"\(String(repeating: "0", count: 64))\"", "sha256 = .*",
                "is another one: its SHA-256 is"
            ),
            ("program = \"/nowhere\"", "program = .*", "is sallyport-machine there?"),
        ])
    func whatTheClusterCannotDoIsSaid(line: String, replaced: String, sentence: String) async throws {
        try await SlurmCluster.with(try await SharedTestBed.get()) { cluster in
            let change = replaced.isEmpty ? "s|^memory|\(line)\\n&|" : "s|^\(replaced)|\(line)|"
            await expect(
                try await cluster.shell("sed -i '\(change)' \(cluster.folder)/slurm.toml"), status: 0,
                in: cluster.testBed)
            await expect(
                try await cluster.allocate("1-a"), status: 1, errors: [sentence], in: cluster.testBed)
            await expect(try await cluster.release("1-a"), status: 0, in: cluster.testBed)
        }
    }
}
