import Foundation
import TestBed

/// A real Slurm with two nodes, both of this machine, on each of which one builder has room: `Tests/Slurm/cluster`.
struct SlurmCluster: Sendable {
    let testBed: TestBed
    /// Short: the folders of machines are below it.
    let folder: String

    /// The allocator's words.
    var command: [String] { ["\(folder)/sallyport-slurm", "--file", "\(folder)/slurm.toml"] }

    /// Runs the body with a cluster, and ends it; checks that nothing is left by then.
    static func with(
        _ testBed: TestBed, more: String = "", _ body: @Sendable (SlurmCluster) async throws -> Void
    ) async throws {
        let cluster = SlurmCluster(testBed: testBed, folder: "\(testBed.folder)/s")
        do {
            try await cluster.start(more)
            try await body(cluster)
            try await cluster.waitUntilNothingIsLeft()
        } catch {
            let log = try? await cluster.shell("tail -n 15 \(cluster.folder)/log/* 2>/dev/null; ps -ef")
            try? await cluster.change("stop")
            throw TestBedError("\(error)", log: log?.text ?? "")
        }
        try await cluster.change("stop")
    }

    /// - Parameter more: lines of `[slurm]`.
    private func start(_ more: String) async throws {
        try await change("start")
        try await change(
            "allocator", Repository.programs, "\(Repository.images)/debian", "tcg", input: more)
    }

    /// Runs a verb of `Tests/Slurm/cluster`.
    func change(_ words: String..., input: String = "") async throws {
        let changed = try await testBed.run(
            ["\(Repository.root)/Tests/Slurm/cluster", folder] + words, input: input, deadline: 90)
        guard changed.status == 0 else {
            throw TestBedError("the cluster does not do as told: \(words)", log: "\(changed)")
        }
    }

    /// Runs a script as the cluster's user, with Slurm's programs.
    func shell(_ script: String, deadline: Int = 60) async throws -> Finished {
        try await testBed.run(
            ["/bin/sh", "-ec", "export SLURM_CONF=\(folder)/slurm.conf\n\(script)"], deadline: deadline)
    }

    /// Waits until a condition of sh(1) is true.
    func wait(until condition: String, seconds: Int = 60) async throws {
        let waited = try await shell(
            """
            end=$(($(date +%s) + \(seconds)))
            until \(condition) >/dev/null 2>&1; do
                [ $(date +%s) -lt $end ] || { squeue --states=all; sinfo -N; ps -ef; exit 1; }
                sleep 0.1
            done
            """, deadline: seconds + 30)
        guard waited.status == 0 else { throw TestBedError("never: \(condition)", log: "\(waited)") }
    }

    // MARK: The allocator

    /// Calls the allocator as the runner does.
    func call(_ verb: String, _ question: String) async throws -> Finished {
        try await testBed.run(command + [verb], input: question, deadline: 180)
    }

    func allocate(_ id: String) async throws -> Finished {
        try await call("allocate", Self.question(id))
    }

    func release(_ id: String) async throws -> Finished {
        try await call("release", #"{"allocation": "\#(id)", "entered": true}"#)
    }

    func list() async throws -> Finished { try await call("list", #"{"pool": "cluster"}"#) }

    static func question(_ id: String) -> String {
        """
        {"allocation": "\(id)", "job": "42", "owner": {"id": "1", "name": "alice"}, "pool": "cluster", "tags": [],
        "lifetime": 600, "authorized_keys": ["\(key)"]}
        """
    }

    /// Nobody has the other half.
    private static let key =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"

    /// Begins to allocate in the background of the test bed; what it says goes to the file `NAME.said`.
    func beginToAllocate(_ id: String) async throws {
        let begun = try await shell(
            """
            cat >\(folder)/\(id).question <<'END'
            \(Self.question(id))
            END
            setsid sh -c '
                "$@" <\(folder)/\(id).question >\(folder)/\(id).answer 2>\(folder)/\(id).said & echo $! >\(folder)/\(id).pid
                wait $!; echo $? >\(folder)/\(id).new; mv \(folder)/\(id).new \(folder)/\(id).status
            ' sh \(command.joined(separator: " ")) allocate </dev/null >/dev/null 2>&1 &
            """)
        guard begun.status == 0 else { throw TestBedError("nothing was begun", log: "\(begun)") }
    }

    /// Waits until an allocation in the background has said that.
    func wait(for text: String, from id: String, seconds: Int = 60) async throws {
        try await wait(until: "grep -q '\(text)' \(folder)/\(id).said", seconds: seconds)
    }

    /// Waits until an allocation in the background has ended, and returns what it has answered and said.
    func end(of id: String, seconds: Int = 120) async throws -> (status: String, answer: String, said: String)
    {
        try await wait(until: "test -e \(folder)/\(id).status", seconds: seconds)
        let ended = try await shell(
            "cd \(folder); cat \(id).status; echo '|'; cat \(id).answer; echo '|'; cat \(id).said")
        let parts = ended.text.split(separator: "|", maxSplits: 2).map { String($0).trimmed }
        guard parts.count >= 1 else { throw TestBedError("no end", log: "\(ended)") }
        return (parts[0], parts.count > 1 ? parts[1] : "", parts.count > 2 ? parts[2] : "")
    }

    /// Asks an SSH server for its host key of that type, such as `ed25519`.
    func hostKey(_ type: String, at port: Int, within seconds: Int = 60) async throws -> Finished {
        try await testBed.run(
            ["ssh-keyscan", "-T", "\(seconds)", "-t", type, "-p", "\(port)", "127.0.0.1"],
            deadline: 2 * seconds)
    }

    // MARK: What is left

    /// Waits until there is no batch job and no machine.
    func waitUntilNothingIsLeft(seconds: Int = 60) async throws {
        try await wait(
            until: """
                { [ -z "$(squeue -h)" ] && ! pgrep -x qemu-system-x86 && ! pgrep -x sallyport-machi; }
                """, seconds: seconds)
    }

    /// Waits until no machine has a folder on a node.
    func waitUntilNoFileIsLeft() async throws {
        try await wait(until: "[ -z \"$(find \(folder)/nodes -mindepth 2)\" ]", seconds: 20)
    }
}
