package import AllocatorPrograms
import Glibc
import HelperPrograms
package import NodeOrder

/// Reports to the allocator, by the comment of the Slurm job in which this process runs. It needs no connection of its own.
package struct JobReport: Sendable {
    /// The Slurm job's number.
    let job: String
    /// Its path, or its name.
    let scontrol: String
    /// A controller that is away for longer has other worries.
    var patience = Duration.seconds(600)
    var interval = Duration.seconds(2)

    package init(job: String, scontrol: String = "scontrol") {
        self.job = job
        self.scontrol = scontrol
    }

    /// Tries until the controller has it.
    package func send(_ comment: JobComment) async throws(AllocatorFailure) {
        let deadline = ContinuousClock.now + patience
        while true {
            let reason: String
            do throws(AllocatorFailure) {
                return try await update(comment)
            } catch {
                reason = error.reason
            }
            guard ContinuousClock.now < deadline, (try? await Task.sleep(for: interval)) != nil else {
                throw AllocatorFailure("the controller was not told: \(reason)")
            }
        }
    }

    private func update(_ comment: JobComment) async throws(AllocatorFailure) {
        let program = HelperProgram(
            words: [scontrol, "update", "JobId=\(job)", "Comment=\(comment.text)"],
            environment: Self.environment, outputLimit: 1 << 16, limit: .seconds(60), endsWithUs: true)
        let outcome: HelperProgram.Outcome
        do throws(HelperProgram.Failure) {
            outcome = try await program.run(reading: [])
        } catch {
            throw AllocatorFailure("scontrol: \(error)")
        }
        guard outcome.status == .exited(0) else {
            let last = outcome.errors.split(whereSeparator: \.isNewline).last ?? "it has failed"
            throw AllocatorFailure("scontrol: \(last)")
        }
    }

    /// Where Slurm's configuration is.
    private static var environment: [String: String] {
        getenv("SLURM_CONF").map { ["SLURM_CONF": String(cString: $0)] } ?? [:]
    }
}
