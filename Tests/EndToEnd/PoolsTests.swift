import TestBed
import Testing

/// How people choose where a machine comes from, and what they read while they wait for one.
@Suite struct PoolsTests {
    private static let job = "tasks:\n  - a: echo\n"

    /// Two pools of allocators and this host's: `cluster` has something to say, `boards` has nothing for anybody.
    @Test func peopleChooseAMachine() async throws {
        let testBed = try await SharedTestBed.get()
        let folder = "\(testBed.folder)/pools"
        try await allocators(in: folder, of: testBed)
        let pools = """
            [runner.pool.cluster]
            kind = "command"
            description = "the department"
            arch = "amd64"
            max = 1
            command = "\(folder)/cluster"
            [runner.pool.boards]
            kind = "command"
            arch = ["aarch64", "riscv64"]
            max = 2
            host_key = "first-use"
            command = "\(folder)/boards"
            """
        try await OwnRunner.with(testBed, size: "60m", at: testBed.orphanedSocket, more: pools) { runner in
            await expect(
                try await gateway(["pools"], testBed), status: 0,
                output: [
                    "local    x86_64", " free, the default\n",
                    "cluster  x86_64          1 of 1 free\n",
                    "    the department\n", "boards   arm64, riscv64  2 of 2 free\n",
                    "nobody vouches for them\n",
                ], in: testBed)
            await expect(
                try await gateway(["pools", "--json"], testBed), status: 0,
                output: [#""arch":["arm64","riscv64"]"#, #""first_use":true"#, #""default":true"#],
                in: testBed)
            try await refusals(in: testBed)
            try await waiting(for: runner, folder, in: testBed)
        }
    }

    private func gateway(
        _ words: [String], _ testBed: TestBed, input: String = ""
    ) async throws -> Finished {
        try await Command.run(testBed.ssh(words, to: .orphaned), input: Array(input.utf8))
    }

    /// What no pool can fulfil is refused at once, with what there is.
    private func refusals(in testBed: TestBed) async throws {
        // An image of another architecture can be there, too.
        let known = ["there are: local (x86_64", "), boards (arm64, riscv64), cluster (x86_64)."]
        for (options, sentence) in [
            (["--arch", "s390x"], "arch: no pool has the architecture s390x; "),
            (["--pool", "bords"], "pool: there is no pool \"bords\"; "),
            (
                ["--pool", "cluster", "--arch", "aarch64"],
                "arch: the pool cluster has no arm64, only x86_64; "
            ),
        ] {
            let refused = try await gateway(["submit"] + options, testBed, input: Self.job)
            await expect(refused, status: 65, errors: [sentence + known[0], known[1]], in: testBed)
        }
        let archive = try await gateway(["submit", "--tar", "--arch", "s390x"], testBed, input: "no archive")
        await expect(archive, status: 65, errors: ["arch: no pool has the architecture s390x; "], in: testBed)
        let manifest = try await gateway(["submit"], testBed, input: "arch: s390x\n\(Self.job)")
        await expect(manifest, status: 65, errors: ["line 1, arch: no pool has"] + known, in: testBed)
        let malformed = try await gateway(["submit", "--arch", "../x"], testBed, input: Self.job)
        await expect(malformed, status: 64, errors: ["is not a processor architecture"], in: testBed)
    }

    /// A job waits with what the allocator says, in every place where people wait for it.
    private func waiting(for runner: OwnRunner, _ folder: String, in testBed: TestBed) async throws {
        await expect(
            try await gateway(
                ["submit", "--pool", "cluster"], testBed, input: "image: debian\npool: local\n"),
            status: 0, output: ["job 1: queued"], in: testBed)
        try await runner.wait(for: "cluster: Slurm: Priority", in: "logs/1/log")
        let entering = try await Command.start(
            testBed.ssh(["connect", "1"], to: .orphaned, options: ["-t"]),
            terminal: try PseudoTerminal(columns: 80)
        ) { terminal in
            try await terminal.output.wait(for: "Job 1 waits in pool cluster: Slurm: Priority (")
            try await go(folder, "boots", in: testBed)
            try await terminal.output.wait(for: "Job 1 waits in pool cluster: Slurm: Configuring?[2J (")
            try await go(folder, "ends", in: testBed)
            try await terminal.output.wait(for: "Job 1 waits in pool cluster: the cluster is down (")
            try await terminal.write("\u{3}")
        }
        await expect(entering, status: 130, in: testBed)
        await expect(
            try await gateway(["show", "1"], testBed), status: 0,
            output: ["waits      the cluster is down\n", "pool       cluster\n"], in: testBed)
        await expect(
            try await gateway(["pools"], testBed), status: 0,
            output: ["    1 job waits\n    not now: the cluster is down; asked again "], in: testBed)
        // An architecture alone chooses, and the option counts instead of the manifest's word.
        await expect(
            try await gateway(
                ["submit", "--arch", "riscv64", "--json"], testBed, input: "arch: x86_64\n\(Self.job)"),
            status: 0, output: [#""pool":"boards""#, #""arch":"riscv64""#], in: testBed)
        try await runner.wait(for: "boards: asked for riscv64", in: "logs/2/log")
        for job in ["1", "2"] {
            await expect(try await gateway(["cancel", job], testBed), status: 0, in: testBed)
        }
    }

    /// Lets the allocator of the cluster go on.
    private func go(_ folder: String, _ step: String, in testBed: TestBed) async throws {
        await expect(try await testBed.run(["touch", "\(folder)/\(step)"]), status: 0, in: testBed)
    }

    private func allocators(in folder: String, of testBed: TestBed) async throws {
        let made = try await testBed.run([
            "/bin/sh", "-ec",
            #"""
            mkdir "$1"
            cat >"$1/cluster" <<END
            #!/bin/sh
            case \$1 in allocate) ;; release) exit 0 ;; *) exit 64 ;; esac
            if ! [ -e "$1/ends" ]; then
                echo "Slurm: Priority" >&2
                until [ -e "$1/boots" ]; do sleep 0.05; done
                printf 'Slurm: Configuring\033[2J\n' >&2
                until [ -e "$1/ends" ]; do sleep 0.05; done
            fi
            echo "the cluster is down" >&2
            exit 75
            END
            cat >"$1/boards" <<END
            #!/bin/sh
            case \$1 in allocate) ;; release) exit 0 ;; *) exit 64 ;; esac
            echo "asked for \$SALLYPORT_ARCH" >&2
            exit 75
            END
            chmod 755 "$1/cluster" "$1/boards"
            """#, "sh", folder,
        ])
        await expect(made, status: 0, in: testBed)
    }
}
