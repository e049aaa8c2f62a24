import Foundation
import TestBed
import TestSupport
import Testing

/// Jobs on machines that nobody can reach, and that dial the gateway: docs/allocators.md.
@Suite struct DialledMachinesTests {
    /// A runner whose pool `cluster` has that allocator, and that sees what its gateway sees.
    private func withRunner(
        _ allocator: String, in testBed: TestBed, _ body: @Sendable (OwnRunner) async throws -> Void
    ) async throws {
        try await AttachingMachine.install(in: testBed)
        let pool = """
            [runner.pool.cluster]
            kind = "command"
            max = 2
            command = "\(allocator)"
            attach = "builds@\(TestBed.publicHost):\(testBed.port(of: .orphaned))"
            """
        let mount = "mount --bind \(testBed.folder)/machine/run /run"
        try await OwnRunner.with(
            testBed, size: "60m", at: testBed.orphanedSocket,
            prefix: "unshare --mount sh -c \"\(mount); exec \\\"\\$@\\\"\" sh", more: pool, body)
    }

    private func gateway(_ words: [String], in testBed: TestBed) async throws -> Finished {
        try await Command.run(testBed.ssh(words, to: .orphaned), deadline: .seconds(60))
    }

    /// A batch script of Slurm: a job fails there, people enter, and nothing is left after its release.
    @Test func aComputeNode() async throws {
        let testBed = try await SharedTestBed.get()
        let slurm = try await StandInSlurm.start(in: testBed)
        try await withRunner(slurm.command, in: testBed) { runner in
            let manifest = """
                pool: cluster
                environment:
                  COLOUR: red
                tasks:
                  - check: |
                      echo "here is $COLOUR, $(id -un)"
                      sleep 27182 &
                      exit 3
                """
            await expect(try await runner.submit(manifest), status: 0, in: testBed)
            try await runner.wait(for: "the builder is kept", in: "logs/1/log")
            let output = try await runner.log("1", "check")
            #expect(output.contains("here is red, alice\n"), "\(output)")
            let log = try await runner.log("1")
            #expect(
                log.contains("cluster: batch job 1\n")
                    && log.contains("the machine has dialled from 127.0.0.1\n"))
            let inside = try await gateway(
                ["connect", "1", ". ~/.buildenv; echo $COLOUR; ls ~/.tasks; exit 5"], in: testBed)
            await expect(inside, status: 5, output: ["red\n", "check\n"], in: testBed)
            let shown = try await gateway(["show", "1"], in: testBed)
            await expect(
                shown, status: 0,
                output: [
                    "attached from 127.0.0.1",
                    "host key   as the machine says; what it says of itself is unchecked",
                ],
                in: testBed)
            try await ownSSH(in: testBed)
            let released = try await gateway(["release", "1", "--yes"], in: testBed)
            await expect(released, status: 0, in: testBed)
            try await slurm.wait(for: "RUNNING", isThere: false)
            try await testBed.succeed(["sh", "-c", "while pgrep -f '^sleep 27182'; do sleep 0.05; done"])
            await expect(try await runner.sallyport(["allocations"]), status: 0, in: testBed)
            try await runner.wait(forReport: "the builder ends: released")
        }
    }

    /// Its host keys are certified, as those of other machines that attach themselves.
    private func ownSSH(in testBed: TestBed) async throws {
        let known = "\(testBed.client)/known-cluster"
        let authority = try await gateway(["known-hosts"], in: testBed)
        await expect(authority, status: 0, output: ["@cert-authority"], in: testBed)
        try await testBed.succeed(["/bin/sh", "-c", "printf %s \"$1\" >\"$2\"", "sh", authority.text, known])
        let proxy = testBed.ssh(["proxy", "job-1"], to: .orphaned).joined(separator: " ")
        let entered = try await testBed.run([
            "ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-i",
            "\(testBed.client)/alice",
            "-o", "UserKnownHostsFile=\(known)", "-o", "ProxyCommand=\(proxy)",
            "alice@job-1.\(TestBed.publicHost)",
            "id -un; exit 6",
        ])
        await expect(entered, status: 6, output: ["alice\n"], in: testBed)
    }

    /// A runner that is killed finds the machine again; one whose machine has not dialled yet gives it up.
    @Test func aRunnerThatIsKilled() async throws {
        let testBed = try await SharedTestBed.get()
        let slurm = try await StandInSlurm.start(in: testBed)
        let go = "\(slurm.folder)/go"
        try await withRunner(slurm.command, in: testBed) { runner in
            let manifest =
                "pool: cluster\ntasks:\n  - a: |\n      echo begun\n      until [ -e \(go) ]; do sleep 0.1; done\n      echo ended\n"
            await expect(try await runner.submit(manifest), status: 0, in: testBed)
            try await runner.wait(for: "begun", in: "logs/1/a/log")
            try await runner.kill()
            try await runner.start()
            try await testBed.succeed(["touch", go])
            try await runner.wait(for: "success", in: "logs/1/log")
            let output = try await runner.log("1", "a")
            #expect(output.contains("\nbegun\n") && output.hasSuffix("\nended\n"), "\(output)")
            try await slurm.wait(for: "RUNNING", isThere: false)

            try await slurm.hold(true)
            await expect(
                try await runner.submit("pool: cluster\ntasks:\n  - a: echo\n"), status: 0, in: testBed)
            try await slurm.wait(for: "PENDING sallyport/cluster/2-")
            let first = try await slurm.queue().split(separator: "\n").last.map(String.init) ?? ""
            try await runner.kill()
            try await runner.start()
            // It is given up, and the job gets another one.
            try await slurm.wait(for: first.replacing("PENDING", with: "CANCELLED"))
            try await slurm.wait(for: "PENDING sallyport/cluster/2-")
            await expect(try await gateway(["cancel", "2"], in: testBed), status: 0, in: testBed)
            try await slurm.wait(for: "PENDING", isThere: false)
            let left = try await testBed.run(["ls", "\(runner.state)/pools/cluster"])
            #expect(left.text == "work\n", "\(left)")
        }
    }

    /// A pod that reaches nothing but the gateway: its connection is lost in the middle of a task and comes back, and its key is
    /// of no use to anybody else.
    @Test func aPodWithOneWayOut() async throws {
        let testBed = try await SharedTestBed.get()
        let folder = "\(testBed.folder)/pods"
        try await testBed.succeed([
            "/bin/sh", "-ec", #"mkdir "$1"; printf '%s\n' "$2" >"$1/allocator"; chmod 755 "$1/allocator""#,
            "sh", folder,
            """
            #!/bin/sh
            cd \(folder)
            case $1 in
            allocate)
                (umask 077; cat >new; mv new question)
                printf '{"attach": true, "until": "%s"}' "$(date -u -d '+1 hour' +%Y-%m-%dT%H:%M:%SZ)"
                ;;
            release) echo "$SALLYPORT_ALLOCATION" >>released ;;
            *) exit 64 ;;
            esac
            """,
        ])
        try await withRunner("\(folder)/allocator", in: testBed) { runner in
            try await LonelyNetwork.with(testBed, to: .orphaned) { network in
                let reached = try await network.reach([
                    (LonelyNetwork.gateway, testBed.port(of: .orphaned)),
                    (LonelyNetwork.gateway, testBed.port(of: .builds)),
                    ("192.0.2.1", 80),
                ])
                #expect(reached == "10.77.0.1 SSH-2.0\n10.77.0.1 nothing\n192.0.2.1 nothing\n")
                let manifest =
                    "pool: cluster\ntasks:\n  - count: |\n      set +x\n      for n in $(seq 60); do echo line $n; sleep 1; done\n      exit 4\n"
                await expect(try await runner.submit(manifest), status: 0, in: testBed)
                try await testBed.succeed([
                    "sh", "-c", "until [ -s \(folder)/question ]; do sleep 0.05; done",
                ])
                let pod = try await Pod.make(from: "\(folder)/question", in: network)
                let finished = try await Command.start(pod.words, deadline: .seconds(240)) { command in
                    try await command.errors.wait(for: "This machine is job 1.")
                    try await runner.wait(for: "line 3", in: "logs/1/count/log")
                    let second = try await Command.run(pod.words, deadline: .seconds(60))
                    await expect(
                        second, status: 0, errors: ["is good for one machine, and job 1 has it already."],
                        in: testBed)
                    let inside = try await Command.start(
                        testBed.ssh(["connect", "--now", "1", "echo in; cat"], to: .orphaned),
                        deadline: .seconds(120)
                    ) { client in
                        try await client.output.wait(for: "in\n")
                        try await network.setLink(up: false)
                        await client.output.waitForEnd()
                    }
                    await expect(inside, status: 69, in: testBed)
                    try await network.setLink(up: true)
                    try await command.errors.wait(for: "is still job 1")
                    try await runner.wait(for: "the builder is kept", in: "logs/1/log", seconds: 120)
                    let lines = try await runner.log("1", "count")
                    #expect(lines.hasSuffix((1...60).map { "line \($0)\n" }.joined()), "\(lines)")
                    await expect(
                        try await gateway(["connect", "1", "exit 7"], in: testBed), status: 7, in: testBed)
                    await expect(
                        try await gateway(["release", "1", "--yes"], in: testBed), status: 0, in: testBed)
                    await command.errors.waitForEnd()
                }
                await expect(finished, status: 0, errors: ["has ended: alice has released it"], in: testBed)
                try await testBed.succeed([
                    "sh", "-c", "until [ -s \(folder)/released ]; do sleep 0.05; done",
                ])
                let late = try await Command.run(pod.words, deadline: .seconds(60))
                await expect(late, status: 0, errors: ["is unknown here"], in: testBed)
                let log = try await testBed.run([
                    "sh", "-c", "! grep -r 'OPENSSH PRIVATE KEY' \(testBed.folder)/log \(runner.state)/logs",
                ])
                await expect(log, status: 0, in: testBed)
            }
        }
    }
}

/// The container of docs/examples/kubernetes-pod.yaml, with what its allocator was told, in a network of its own.
private struct Pod: Sendable {
    /// Its command.
    let words: [String]

    static func make(from question: String, in network: LonelyNetwork) async throws -> Pod {
        let testBed = network.testBed
        let yaml = try String(
            contentsOfFile: "\(Repository.root)/docs/examples/kubernetes-pod.yaml", encoding: .utf8)
        let arguments = AttachPage.literals(in: yaml)
        guard arguments.count == 1, yaml.contains("command: [sh, -c]\n") else {
            throw TestBedError("the pod's command is not as expected", log: yaml)
        }
        func told(_ member: String) async throws -> String {
            try await testBed.succeed(["jq", "-r", ".attach.\(member)", question]).text.trimmed
        }
        let hostKey = try await told("known_hosts").drop { $0 != " " }.dropFirst()
        let environment = [
            "PATH=/usr/bin:/bin", "HOME=/var/tmp", "SALLYPORT_GATEWAY=\(try await told("gateway"))",
            "SALLYPORT_PORT=\(try await told("port"))", "SALLYPORT_ATTACH_HOST_KEY=\(hostKey)",
            "SALLYPORT_ATTACH_KEY=\(try await told("key"))",
        ]
        // The image has the script in /opt.
        let image = [
            "unshare", "--mount", "sh", "-ec",
            """
            mount -t tmpfs opt /opt
            install -D -m 755 "\(AttachingMachine.script)" /opt/sallyport-attach/sallyport-attach
            mount -t tmpfs -o mode=1777 work /var/tmp
            exec "$@"
            """, "sh",
        ]
        return Pod(
            words: testBed.inside(
                ["env", "-i"] + environment + ["sh", "-c", "cd /var/tmp && exec sh -c \"$0\"", arguments[0]],
                as: "alice",
                prefix: network.place + image))
    }
}
