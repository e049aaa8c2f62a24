import FoundationEssentials
import Glibc
import HelperPrograms

/// The cluster, as its own programs for users speak to it.
struct SlurmClients: Sendable {
    /// The file with Slurm's configuration; nil: where Slurm looks by itself.
    var conf: String?
    /// The folder of the programs; nil: wherever they are. Tests have others.
    var folder: String?
    /// How long one of them can take. They try for some time to reach a controller that is away.
    var limit = Duration.seconds(60)

    /// Returns the job's number.
    func submit(_ submission: Submission) async throws(SlurmFault) -> Int {
        let output = try await run("sbatch", submission.options, reading: Array(submission.script.utf8))
        // `NUMBER`, or `NUMBER;CLUSTER`.
        guard let number = Int(output.prefix { $0.isNumber }) else {
            throw SlurmFault("sbatch has printed no number: \(output.prefix(100))", isPassing: false)
        }
        return number
    }

    /// Those of this account, also such that have ended in the last minutes.
    ///
    /// - Parameter name: only those of this name.
    func jobs(named name: String? = nil) async throws(SlurmFault) -> [SlurmJob] {
        let output = try await run(
            "squeue",
            ["--noheader", "--states=all", "--user=\(getuid())", "--format=\(SlurmJob.format)"]
                + (name.map { ["--name=\($0)"] } ?? []))
        return try SlurmJob.list(output)
    }

    /// Ends a job; it is not an error if there is none.
    func cancel(_ job: Int) async throws(SlurmFault) {
        do throws(SlurmFault) {
            _ = try await run("scancel", ["\(job)"])
        } catch  where error.reason.contains("Invalid job id") || error.reason.contains("already completing")
        {
        }
    }

    /// The address that the cluster has for a node: a name, or an IP address.
    func address(of node: String) async throws(SlurmFault) -> String {
        let output = try await run("scontrol", ["show", "node", "--oneliner", node])
        guard let word = output.split(separator: " ").first(where: { $0.hasPrefix("NodeAddr=") }) else {
            throw SlurmFault("the cluster has no address for the node \(node)", isPassing: false)
        }
        return String(word.dropFirst("NodeAddr=".count))
    }

    private func run(
        _ program: String, _ arguments: [String], reading input: [UInt8] = []
    ) async throws(SlurmFault) -> String {
        var environment = ["SLURM_TIME_FORMAT": SlurmJob.timeFormat]
        environment["SLURM_CONF"] = conf
        let path = folder.map { "\($0)/\(program)" } ?? program
        let client = HelperProgram(
            words: [path] + arguments, environment: environment, outputLimit: 16 << 20, limit: limit,
            endsWithUs: true)
        let outcome: HelperProgram.Outcome
        do throws(HelperProgram.Failure) {
            outcome = try await client.run(reading: input)
        } catch {
            throw error == .cancelled ? .cancelled : SlurmFault("\(program): \(error)")
        }
        // The shell's status for a program that it has not found.
        guard outcome.status != .exited(127) else {
            throw SlurmFault("\(program) is not installed on the runner's host", isPassing: false)
        }
        guard outcome.status == .exited(0) else { throw SlurmFault(of: program, saying: outcome.errors) }
        return String(decoding: outcome.output, as: UTF8.self)
    }
}
