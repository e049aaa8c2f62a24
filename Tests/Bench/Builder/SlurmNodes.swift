import FoundationEssentials
import TestBed

/// A Slurm with two nodes in the test bed, both this machine, from which the runner's pool `hpc` gets builders.
struct SlurmNodes: Sendable {
    /// The script `Tests/Slurm/cluster`.
    let script: String
    /// Short: the folders of machines are below it.
    let folder: String

    /// Throws if this machine has no Slurm.
    static func demandPrograms() async throws {
        let found = try await Command.run([
            "/bin/sh", "-c",
            """
            PATH=$PATH:/usr/sbin:/sbin
            for program in slurmctld slurmd squeue munged; do command -v $program || echo "$program is missing"; done
            """,
        ])
        guard !found.text.contains("is missing") else {
            throw TestBedError(
                "Slurm is missing: install the packages slurmctld, slurmd, slurm-client and munge")
        }
    }

    /// Starts the cluster, and ends it after `body`, whatever has become of that.
    ///
    /// - Parameters:
    ///   - programs: the folder with ours.
    ///   - image: the folder of the only image, `debian`.
    func with(
        programs: String, image: String, accelerator: String, _ body: () async throws -> Void
    ) async throws {
        do {
            try await change("start")
            try await change("allocator", programs, image, accelerator)
            // Where the program in the pool looks for it.
            try await shell(
                "install --mode=0644 \(folder)/slurm.toml /etc/sallyport/slurm.toml",
                orFail: "the allocator's file was not installed")
            try await body()
        } catch {
            let logs = try? await Command.run(["/bin/sh", "-c", "tail -n 15 \(folder)/log/*"])
            // What is left then ends with the test bed.
            try? await change("stop")
            throw TestBedError("\(error)", log: logs?.text ?? "")
        }
        try await change("stop")
    }

    /// Waits until there is no batch job and no machine, here or there: builders share the processors.
    func waitUntilNothingIsLeft() async throws {
        try await shell(
            """
            export SLURM_CONF=\(folder)/slurm.conf
            end=$(($(date +%s) + 60))
            until [ -z "$(squeue -h)" ] && ! pgrep '^qemu-system-' >/dev/null; do
                [ $(date +%s) -lt $end ] || { squeue; ps -ef; exit 1; }
                sleep 0.1
            done
            """, orFail: "builders do not end")
    }

    private func change(_ words: String...) async throws {
        try await run([script, folder] + words, orFail: "the cluster does not do as told: \(words[0])")
    }

    private func shell(_ text: String, orFail sentence: String) async throws {
        try await run(["/bin/sh", "-ec", text], orFail: sentence)
    }

    private func run(_ arguments: [String], orFail sentence: String) async throws {
        let finished = try await Command.run(arguments, deadline: .seconds(90))
        guard finished.status == 0 else { throw TestBedError(sentence, log: finished.description) }
    }
}
