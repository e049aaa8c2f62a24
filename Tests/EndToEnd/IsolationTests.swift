import TestBed
import Testing

/// What a builder can reach, and who can pretend to be one.
@Suite struct IsolationTests {
    @Test func aBuilderReachesNeitherTheHostNorAnotherBuilder() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let port = testBed.port(of: .builds)
        let fromHere = try await Command.run(["bash", "-c", ": </dev/tcp/127.0.0.1/\(port)"])
        await expect(fromHere, status: 0, in: testBed)
        for port in ["\(port)", "\(BuilderNetwork.port)"] {
            for address in ["10.0.2.2", "127.0.0.1"] {
                let attempt =
                    "timeout 3 bash -c ': </dev/tcp/\(address)/\(port)' 2>/dev/null && echo open || echo closed"
                let fromThere = try await Command.run(testBed.ssh(["connect", job, attempt]))
                await expect(fromThere, status: 0, output: ["closed"], in: testBed)
            }
        }
    }

    /// Neither over the host's network nor through the socket, and not from another builder's QEMU either.
    @Test func nobodyButTheGatewayReachesABuilder() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let other = try await SharedJobs.bobsWreck(testBed)
        let builder = try #require(try await Operator(testBed: testBed).job(job).builder)
        let socket = try #require(builder.endpoint?.dropFirst("unix:".count))
        #expect(builder.port == nil)
        let listening = try await testBed.run([
            "/bin/sh", "-ec",
            "ss -H -l -t -n -p; ss -H -l -t -n -p | grep -cE 'qemu|slirp|builder-socket' || true",
        ])
        await expect(listening, status: 0, output: ["127.0.0.1:\(testBed.port(of: .builds))"], in: testBed)
        #expect(listening.text.hasSuffix("\n0\n"), "\(listening)")
        let copied = try await testBed.run([
            "/bin/sh", "-ec", "cp \(Repository.programs)/sallyport-runner \(testBed.folder)/reach",
        ])
        await expect(copied, status: 0, in: testBed)
        for user in ["nobody", "sallyport-builder", "sallyport-keys"] {
            let refused = try await testBed.run([
                "/bin/sh", "-ec",
                """
                exec setpriv --reuid "$0" --regid "$(id -g "$0")" --clear-groups \(testBed.folder)/reach reach-builder "$1"
                """, user, String(socket),
            ])
            await expect(refused, status: 69, errors: ["\(socket): Permission denied (uid "], in: testBed)
        }
        // The same command as the gateway's account gets a connection, which only a socket can take from it.
        let reached = try await testBed.run([
            "/bin/sh", "-ec",
            """
            exec setpriv --reuid builds --regid builds --clear-groups \(testBed.folder)/reach reach-builder "$0"
            """, String(socket),
        ])
        await expect(reached, status: 71, in: testBed)
        #expect(reached.errorText.isEmpty, "\(reached)")
        let fromQEMU = try await testBed.run(
            BuilderNetwork(of: other, in: testBed).words(["ss", "-H", "-l", "-t", "-n"]))
        await expect(fromQEMU, status: 0, in: testBed)
        #expect(fromQEMU.text.split(separator: "\n").count == 1, "\(fromQEMU)")
    }

    /// The keeper lives as long as the machine, whatever becomes of the runner; if it dies, there is another one.
    @Test func aBuilderStaysReachable() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        func keeper(unlike old: String = "none") async throws -> String {
            let found = try await testBed.run(
                [
                    "/bin/sh", "-ec",
                    """
                    read -r machine <\(testBed.state)/machines/\(job)/pidfile
                    until now=$(pgrep -x -f ".* keep-builder-socket $machine .*") && [ "$now" != "$0" ]; do sleep 0.05; done
                    echo $now
                    """, old,
                ])
            await expect(found, status: 0, in: testBed)
            return found.text.trimmed
        }
        func enter() async throws {
            let entered = try await Command.run(testBed.ssh(["connect", job, "echo inside"]))
            await expect(entered, status: 0, output: ["inside"], in: testBed)
        }
        let first = try await keeper()
        try await testBed.killRunner()
        try await testBed.startRunner()
        try await enter()
        #expect(try await keeper() == first)
        for number in 0..<2 {
            let old = try await keeper()
            // The second time there is no runner that could notice.
            if number == 1 { try await testBed.killRunner() }
            await expect(try await testBed.run(["kill", "-KILL", old]), status: 0, in: testBed)
            if number == 1 { try await testBed.startRunner() }
            _ = try await keeper(unlike: old)
            try await enter()
        }
        let log = try await testBed.run(["cat", "\(testBed.state)/logs/\(job)/log"])
        #expect(!log.text.contains("gone"), "\(log)")
    }

    /// Seen from the host, as QEMU itself could see it: another user, nothing of this machine, and nowhere to leave a file.
    @Test func whoGetsOutOfABuilderIsNobodyAndSeesNothing() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let folder = "\(testBed.folder)/machine/state/machines/\(job)"
        let seen = try await testBed.run([
            "/bin/sh", "-ec",
            """
            pid=$(head -n 1 \(folder)/pidfile)
            stat -c %U /proc/$pid
            grep -E '^(CapPrm|CapBnd|NoNewPrivs|Seccomp):' /proc/$pid/status | tr '\\t' ' '
            cat /proc/$pid/oom_score_adj
            tr '\\0' '\\n' </proc/$pid/cmdline | grep '^on,'
            for space in mnt pid ipc user net; do
                [ "$(readlink /proc/$pid/ns/$space)" = "$(readlink /proc/self/ns/$space)" ] || echo "own $space"
            done
            inside() { nsenter --user --mount --pid --root --wd --preserve-credentials --target $pid \\
                setpriv --reuid=1 --regid=1 --clear-groups --bounding-set=-all --inh-caps=-all -- "$@"; }
            echo $(inside ls -A / | grep -vE '^(lib.*|s?bin)$')
            echo $(inside ls -A /dev /image /run /old | grep -v '^kvm$')
            for place in / /usr /image /dev /old /run; do
                ! inside touch $place/file 2>/dev/null || echo "writes to $place"
            done
            [ "$(stat -c %U \(folder)/qmp.sock)" != sallyport-builder ] || echo "it has made its monitor's socket"
            [ ! -e \(folder)/emulator ] || echo "it still has a folder"
            ! flock --nonblock \(folder)/console.log true || echo "nobody keeps its console's log"
            """,
        ])
        await expect(seen, status: 0, in: testBed)
        #expect(
            seen.text == """
                sallyport-builder
                CapPrm: 0000000000000000
                CapBnd: 0000000000000000
                NoNewPrivs: 1
                Seccomp: 2
                500
                on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny
                own mnt
                own pid
                own ipc
                own user
                own net
                dev image initramfs old proc run usr
                /dev: null urandom zero /image: vmlinuz /old: /run:

                """, "\(seen)")
        let jobs = try await testBed.sallyport(["jobs", "--all"])
        await expect(jobs, status: 0, output: ["kept, emulated "], in: testBed)
        #expect(!jobs.text.contains("not isolated"), "\(jobs)")
    }

    /// A new host key at the same socket: this is not the job's builder.
    @Test func aBuilderWithAnotherHostKeyIsRefused() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await Operator(testBed: testBed).submit("image: debian\ntasks:\n  - check: exit 1\n")
        let changed = try await Command.run(
            testBed.ssh([
                "connect", job,
                """
                sudo sh -c 'cd /etc/ssh && rm -f ssh_host_ed25519_key* && \
                ssh-keygen -q -t ed25519 -N "" -f ssh_host_ed25519_key && \
                kill -HUP $(cat /run/sshd.pid)' && echo changed
                """,
            ]), deadline: .seconds(90))
        await expect(changed, status: 0, output: ["changed"], in: testBed)
        try await expectListening(job, in: testBed)
        let refused = try await Command.run(testBed.ssh(["connect", job, "echo reached"]))
        await expect(refused, status: 78, errors: ["host key is not that of this job's machine"], in: testBed)
        #expect(refused.output.isEmpty, "\(refused)")
        try await testBed.endBuilder(of: job)
    }
}
