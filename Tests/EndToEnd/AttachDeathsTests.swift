import Subprocess
import TestBed
import Testing

/// How attached machines and those who are inside end, what each side reads, and what hostile machines achieve: nothing.
@Suite struct AttachDeathsTests {
    private func testBed() async throws -> TestBed {
        let testBed = try await SharedTestBed.get()
        try await AttachingMachine.install(in: testBed)
        return testBed
    }

    private func connect(_ job: String, _ command: String, in testBed: TestBed) async throws -> Finished {
        try await Command.run(testBed.ssh(["connect", job, command], as: "alice"))
    }

    // MARK: Deaths

    /// The wire is pulled out and put in again: the same job, and whoever was inside has read why they no longer are.
    @Test func aNetworkThatWasGoneBringsTheSameMachineBack() async throws {
        let testBed = try await testBed()
        try await LonelyNetwork.with(testBed) { network in
            let machine = AttachingMachine(in: testBed, place: network.place)
            let finished = try await machine.attach(
                [
                    "--ssh-option", "ServerAliveInterval=1", "--ssh-option", "ServerAliveCountMax=2",
                    "--ssh-option", "ConnectTimeout=2", "--", "false",
                ], deadline: .seconds(120)
            ) { job, command in
                let inside = try await Command.start(
                    testBed.ssh(["connect", job, "echo in; cat"], as: "alice")
                ) { client in
                    try await client.output.wait(for: "in\n")
                    try await network.setLink(up: false)
                    await client.output.waitForEnd()
                }
                await expect(
                    inside, status: 69, errors: ["It has a few minutes to come back."], in: testBed)
                let away = try await connect(job, "true", in: testBed)
                await expect(
                    away, status: 75,
                    errors: ["The machine of job \(job) is not connected at the moment."], in: testBed)
                try await network.setLink(up: true)
                try await command.errors.wait(for: "is still job \(job)")
                await expect(
                    try await connect(job, "exit 5", in: testBed), status: 5, in: testBed)
                await expect(try await machine.release(job), status: 0, in: testBed)
            }
            await expect(finished, status: 1, in: testBed)
            try await machine.expectNothingIsLeft()
        }
    }

    @Test func aSessionWhoseServerIsKilledEndsAlone() async throws {
        let testBed = try await testBed()
        let machine = AttachingMachine(in: testBed)
        let finished = try await machine.attach(["--", "false"]) { job, _ in
            let other = try await Command.start(
                testBed.ssh(["connect", job, "echo in; cat"], as: "alice")
            ) { other in
                try await other.output.wait(for: "in\n")
                let victim = try await Command.start(
                    testBed.ssh(["connect", job, "echo $PPID; cat"], as: "alice")
                ) { victim in
                    try await victim.output.wait(for: "\n")
                    let server = await victim.output.text.trimmed
                    await expect(
                        try await connect(job, "kill -KILL \(server)", in: testBed), status: 0, in: testBed)
                    await victim.output.waitForEnd()
                }
                await expect(
                    victim, status: 69, errors: ["The connection of the machine of job \(job) was lost."],
                    in: testBed)
                try await other.write("still\n")
                try await other.output.wait(for: "still\n")
                try await other.finishInput()
            }
            await expect(other, status: 0, in: testBed)
            try await expectNoSession(of: job, in: testBed)
            await expect(try await machine.release(job), status: 0, in: testBed)
        }
        await expect(finished, status: 1, in: testBed)
        try await machine.expectNothingIsLeft()
    }

    /// Another folder is taken, if there is one.
    @Test(arguments: [false, true]) func aFullDiskCostsOneLine(everything: Bool) async throws {
        let testBed = try await testBed()
        let full = "\(testBed.folder)/full"
        let machine = AttachingMachine(
            in: testBed,
            place: [
                "sh", "-ec",
                """
                full=$1 count=$2; shift 2
                mkdir -p "$full"; mount -t tmpfs -o size=16k,mode=1777 full "$full"
                dd if=/dev/zero of="$full/all" 2>/dev/null || true
                for folder in /tmp /var/tmp /dev/shm; do
                    [ "$count" = 1 ] || mount --bind "$full" "$folder"
                done
                cd /
                exec "$@"
                """, "sh", full, everything ? "4" : "1",
            ])
        let words = machine.inside(
            machine.words(
                ["--", "sh", "-c", "echo out; exit 9"],
                shell: ["env", "TMPDIR=\(full)", everything ? "HOME=\(full)" : "A=b", "sh"]))
        let finished = try await Command.start(words) { command in
            guard !everything else { return }
            let job = try await command.attachedJob()
            await expect(try await connect(job, "exit 5", in: testBed), status: 5, in: testBed)
            await expect(try await machine.release(job), status: 0, in: testBed)
        }
        await expect(finished, status: 9, in: testBed)
        #expect(finished.text == "out\n", "\(finished)")
        #expect(!finished.errorText.contains("/usr/local"), "\(finished)")
        if everything {
            #expect(
                finished.errorText
                    == "sallyport: No folder here is writable, or they are full: set TMPDIR. Nobody can enter this machine.\n"
            )
        }
        try await machine.expectNothingIsLeft()
    }

    struct End: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var options: [String] = []
        let sentence: String
        var strike: (@Sendable (AttachingMachine, _ job: String) async throws -> Void)?
    }

    /// Those who are inside read that it has ended, and so does the CI's log.
    @Test(arguments: [
        End(
            testDescription: "released", sentence: "alice has released it",
            strike: { machine, job in
                await expect(try await machine.release(job), status: 0, in: machine.person.testBed)
            }),
        End(
            testDescription: "the CI's own end", options: ["--time-left", "6s"], sentence: "its time was up"),
    ]) func whoIsInsideReadsWhyTheJobHasEnded(end: End) async throws {
        let testBed = try await testBed()
        let machine = AttachingMachine(in: testBed)
        let finished = try await machine.attach(end.options + ["--", "false"]) { job, command in
            let inside = try await Command.start(
                testBed.ssh(["connect", job], as: "alice", options: ["-t"]),
                terminal: try PseudoTerminal(columns: 250)
            ) { shell in
                try await shell.output.wait(for: "$ ")
                try await end.strike?(machine, job)
                await shell.output.waitForEnd()
            }
            await expect(inside, status: 69, output: [end.sentence], in: testBed)
            await command.errors.waitForEnd()
        }
        await expect(finished, status: 1, errors: ["has ended: \(end.sentence)"], in: testBed)
        try await machine.expectNothingIsLeft()
    }

    // MARK: Hostile machines

    /// What somebody says who has a key that may attach: they read one sentence, and nobody else notices.
    @Test func garbageIsAnsweredWithOneSentence() async throws {
        let testBed = try await testBed()
        let machine = AttachingMachine(in: testBed)
        let key = try await testBed.publicKey("bob")
        _ = try await machine.attach(["--", "false"]) { job, _ in
            let keyed = Array("user build\nhost-key \(key)\n".utf8)
            for (garbage, sentence) in [
                (randomBytes(100_000) + Array("\nuser \u{1b}[2J\n".utf8), "the value of “user” is not valid"),
                ([UInt8](repeating: 120, count: 1_000_000), "a line is too long"),
                (keyed + Array("host-key ssh-ed25519\n".utf8), "the value of “host-key” is not valid"),
                (
                    Array("user build\nhost-key \(key)\r\nstate failed\ndone\n".utf8),
                    "the value of “host-key” is not valid"
                ),
                (
                    Array("user build\nhost-key ssh-ed25519 \nAAAA\ndone\n".utf8),
                    "the value of “host-key” is not valid"
                ),
                (Array("user build\ndone\n".utf8), "there is no “host-key”"),
                (keyed + Array("user root\n".utf8), "there is more than one “user”"),
            ] as [([UInt8], String)] {
                let refused = try await Command.run(testBed.ssh(["attach", "1"], as: "bob"), input: garbage)
                await expect(refused, status: 64, in: testBed)
                #expect(
                    refused.text
                        == "sallyport 1\nrefuse What sallyport-attach says is not understood: \(sentence).\n",
                    "\(refused)")
                #expect(refused.errorText.isEmpty, "\(refused)")
            }
            await expect(try await connect(job, "exit 5", in: testBed), status: 5, in: testBed)
            await expect(try await machine.release(job), status: 0, in: testBed)
        }
        try await machine.expectNothingIsLeft()
    }

    /// An id is good once, and for the key that has attached the machine. Whoever has it otherwise reads one sentence, and
    /// takes nothing away from those whose it is.
    @Test func anIdIsOfNoUseToOthersNorTwice() async throws {
        let testBed = try await testBed()
        let hostKey = try await testBed.publicKey("bob")
        let nobody = "Nobody expects this stream"
        let control = try await Command.start(testBed.ssh(["attach", "1"], as: "alice")) { machine in
            try await machine.write("user build\nhost-key \(hostKey)\nstate failed\ndone\n")
            try await machine.output.wait(for: "\nready\n")
            let text = await machine.output.text
            let job = String(try #require(text.firstMatch(of: #/\njob (\d+)/#)).1)
            let visitor = try await Command.start(testBed.ssh(["connect", job, "true"], as: "alice")) { _ in
                try await machine.output.wait(for: "\nopen ")
                try await machine.output.wait(for: "a whole id") {
                    String(decoding: $0, as: UTF8.self).firstMatch(of: #/\nopen [0-9a-f]{32}\n/#) != nil
                }
                let id = String(
                    try #require(await machine.output.text.firstMatch(of: #/\nopen ([0-9a-f]+)/#)).1)
                let bobs = try await Command.run(testBed.ssh(["attach-stream", id], as: "bob"))
                await expect(bobs, status: 75, errors: [nobody], in: testBed)
                // The visitor's program is at the other end of ours.
                _ = try await Command.start(testBed.ssh(["attach-stream", id], as: "alice")) { stream in
                    try await stream.output.wait(for: "SSH-2.0-")
                    let again = try await Command.run(testBed.ssh(["attach-stream", id], as: "alice"))
                    await expect(again, status: 75, errors: [nobody], in: testBed)
                    try await stream.finishInput()
                }
            }
            await expect(
                visitor, status: 75, errors: ["The machine of job \(job) is not connected"], in: testBed)
            try await machine.write("bye\n")
        }
        await expect(control, status: 0, in: testBed)
    }

    @Test func aMachineThatShowsAnotherHostKeyIsNotEntered() async throws {
        let testBed = try await testBed()
        let machine = AttachingMachine(in: testBed)
        _ = try await machine.attach(["--", "false"]) { job, _ in
            await expect(try await connect(job, "true", in: testBed), status: 0, in: testBed)
            let changed = try await connect(
                job,
                """
                cd "$SALLYPORT_ATTACH_DIR"
                for kind in ed25519 ecdsa; do rm $kind; ssh-keygen -q -t $kind -N '' -f $kind || exit; done
                """, in: testBed)
            await expect(changed, status: 0, in: testBed)
            let refused = try await connect(job, "true", in: testBed)
            await expect(
                refused, status: 78, errors: ["The builder's host key is not that of this job's machine."],
                in: testBed)
            await expect(try await machine.release(job), status: 0, in: testBed)
        }
        try await machine.expectNothingIsLeft()
    }

    /// Sixty at once, where forty-eight have room: the others read that, and who is inside already does not notice.
    @Test func aThousandSessionsAreAFew() async throws {
        let testBed = try await testBed()
        let machine = AttachingMachine(in: testBed)
        let finished = try await machine.attach(["--", "false"], deadline: .seconds(120)) { job, _ in
            let inside = try await Command.start(
                testBed.ssh(["connect", job, "echo in; cat"], as: "alice"), deadline: .seconds(90)
            ) { inside in
                try await inside.output.wait(for: "in\n")
                let crowd = try await Command.start(
                    ["bash", "-c", Self.crowd, "bash", "60", job] + testBed.ssh([], as: "alice"),
                    deadline: .seconds(80)
                ) { crowd in
                    try await crowd.output.wait(for: "47 inside\n")
                    try await inside.write("still\n")
                    try await inside.output.wait(for: "still\n")
                    let late = try await connect(job, "true", in: testBed)
                    await expect(
                        late, status: 75, errors: ["There is no room for another session"], in: testBed)
                    // Another machine of the same owner, with the same key, is none of theirs.
                    let other = try await machine.attach(["--", "false"]) { second, _ in
                        await expect(
                            try await connect(second, "exit 4", in: testBed), status: 4, in: testBed)
                        await expect(try await machine.release(second), status: 0, in: testBed)
                    }
                    await expect(other, status: 1, in: testBed)
                    try await crowd.finishInput()
                }
                await expect(
                    crowd, status: 0,
                    output: ["47 inside\n", "13 sallyport: There is no room for another session"],
                    in: testBed)
                try await inside.finishInput()
            }
            await expect(inside, status: 0, in: testBed)
            try await expectNoSession(of: job, in: testBed)
            await expect(try await connect(job, "exit 5", in: testBed), status: 5, in: testBed)
            await expect(try await machine.release(job), status: 0, in: testBed)
        }
        await expect(finished, status: 1, in: testBed)
        try await machine.expectNothingIsLeft()
    }

    /// Opens `$1` sessions in job `$2` on one connection, holds those that are let in until its own input ends, and says what
    /// the others read.
    private static let crowd = """
        count=$1 job=$2; shift 2
        cd "$(mktemp -d)" && trap 'rm -r "$PWD"' EXIT
        "$@" -M -S "$PWD/control" -o ControlPersist=no -N & master=$!
        until [ -S control ]; do sleep 0.05; done
        mkfifo hold && exec 3<>hold
        for number in $(seq "$count"); do
            "$@" -S "$PWD/control" proxy "$job" <hold >out.$number 2>err.$number 3>&- &
        done
        until inside=$(grep -l -a SSH-2.0 out.* | wc -l); said=$(cat err.* | wc -l); [ $((inside + said)) -ge "$count" ]; do
            sleep 0.1
        done
        echo "$inside inside"
        sed 's/ \\[session .*//' err.* | sort | uniq -c
        cat >/dev/null
        kill $master
        wait
        exit 0
        """
}
