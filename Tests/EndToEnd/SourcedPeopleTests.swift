import TestBed
import Testing

/// People who come from a program: `[people] source`.
@Suite struct SourcedPeopleTests {
    /// Carol's first login needs no operator. When the program no longer knows her, her session ends within a lease and
    /// nothing opens any more; Alice, whom an operator has added, stays, and so does the job: it is their group's.
    @Test func peopleComeAndGoAsTheirSourceSays() async throws {
        let testBed = try await SharedTestBed.get()
        let (program, gone) = ("\(testBed.folder)/who", "\(testBed.folder)/who-gone")
        try await testBed.makeKey("carol_elsewhere", ["-t", "ed25519", "-C", "elsewhere"])
        let written = try await testBed.run(
            [
                "/bin/sh", "-ec",
                """
                rm -f "$2"
                fingerprint=$(ssh-keygen -l -f "$3" | cut -d ' ' -f 2)
                cat >"$1" <<END
                #!/bin/sh
                read -r question
                [ ! -e $2 ] || question=nobody
                case \\$question in
                '{"fingerprint":"$fingerprint"}' | '{"name":"carol.e"}')
                    echo '{"name": "carol.e", "keys": ["$(cat "$3")"], "groups": ["team"]}' ;;
                *) echo '{}' ;;
                esac
                END
                chmod 755 "$1"
                """, "sh", program, gone, "\(testBed.client)/carol_elsewhere.pub",
            ])
        await expect(written, status: 0, in: testBed)
        let carol = [
            "-o", "IdentityFile=none", "-o", "IdentitiesOnly=yes", "-i", "\(testBed.client)/carol_elsewhere",
        ]
        try await OwnRunner.with(
            testBed, size: "60m", at: testBed.orphanedSocket,
            more: "[people]\nsource = [\"\(program)\"]\nlocal = true\n"
        ) { runner in
            let submitted = try await Command.run(
                testBed.ssh(["submit", "--group", "team"], to: .orphaned, options: carol),
                input: Array("image: debian\ntasks:\n  - a: exit 1\n".utf8))
            await expect(submitted, status: 0, in: testBed)
            let whoami = try await Command.run(testBed.ssh(["whoami"], to: .orphaned, options: carol))
            await expect(whoami, status: 0, output: ["carol.e, in @team"], in: testBed)
            let stranger = try await Command.run(testBed.ssh(["show", "1"], to: .orphaned))
            await expect(
                stranger, status: 77, errors: ["belongs to @team", "people in that group"], in: testBed)
            let joined = try await runner.sallyport(["people", "join", "alice", "team"])
            await expect(joined, status: 0, in: testBed)
            try await runner.wait(for: "the builder is kept", in: "logs/1/log")

            let session = testBed.ssh(
                ["connect", "1", "echo inside; exec sleep 1000"], to: .orphaned, options: carol)
            let ended = try await Command.start(session, deadline: .seconds(60)) { command in
                try await command.output.wait(for: "inside")
                _ = try await testBed.run(["touch", gone])
                let begin = ContinuousClock.now
                await command.output.waitForEnd()
                // A lease is three seconds long.
                #expect(ContinuousClock.now - begin < .seconds(10))
            }
            await expect(ended, status: 77, errors: ["This session has ended:"], in: testBed)
            let unknown = try await Command.run(testBed.ssh(["whoami"], to: .orphaned, options: carol))
            await expect(unknown, status: 77, errors: ["is unknown here"], in: testBed)
            let alice = try await Command.run(testBed.ssh(["whoami"], to: .orphaned))
            await expect(alice, status: 0, output: ["alice, in @team"], in: testBed)
            let entered = try await Command.run(
                testBed.ssh(["connect", "1", "echo inside"], to: .orphaned))
            await expect(entered, status: 0, output: ["inside"], in: testBed)
            let listed = try await Command.run(testBed.ssh(["list"], to: .orphaned))
            await expect(listed, status: 0, output: ["OWNER", "@team"], in: testBed)
        }
    }
}
