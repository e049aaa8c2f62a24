import Foundation
import Subprocess
import TestBed
import Testing

/// A person's own source, sent with `submit --tar`.
@Suite struct SourceTests {
    private static let manifest = """
        image: debian
        tasks:
          - look: |
              set +x; pwd; cat data/$(printf 'long%.0s' $(seq 40))/end; ls -l run link | cut -c1-10; ./run
          - check: exit 3

        """

    /// Names of any length, modes, links and bytes arrive; tasks, shells and commands start there.
    @Test func itIsWhereTasksAndShellsStart() async throws {
        let testBed = try await SharedTestBed.get()
        let archive = try await Self.archive(
            """
            long=data/$(printf 'long%.0s' $(seq 40)); mkdir -p $long; echo at the end >$long/end
            printf '#!/bin/sh\\necho it runs\\n' >run; chmod 755 run; ln -s run link
            cat >.build.yml; tar c --format=pax . | gzip
            """)
        let sent = try await Command.run(
            testBed.ssh(["submit", "--tar", "--follow", "--note", "with", "source"]), input: archive,
            deadline: .seconds(120))
        await expect(
            sent, status: 1,
            output: [
                "[look] /home/build/src\n[look] at the end\n[look] lrwxrwxrwx\n[look] -rwxr-xr-x\n[look] it runs\n"
            ],
            errors: ["is submitted."], in: testBed)
        let job = try #require(sent.errorText.firstMatch(of: /Job (\d+) is submitted/)?.1)
        let command = try await Command.run(
            testBed.ssh(["connect", "\(job)", "pwd; ~/.tasks/look | tail -n 1"]))
        await expect(command, status: 0, output: ["/home/build/src\nit runs\n"], in: testBed)
        let shell = try await Command.run(testBed.ssh(["connect", "\(job)"]), input: Array("pwd\n".utf8))
        await expect(shell, status: 0, output: ["/home/build/src\n"], in: testBed)
        try await testBed.endBuilder(of: "\(job)")
    }

    /// In the image with a disk, with a manifest of another name.
    @Test func anotherManifestCanBeNamed() async throws {
        let testBed = try await SharedTestBed.get()
        let archive = try await Self.archive(
            "mkdir ci; cat >ci/job.yml; sed -i s/debian/debian-build/ ci/job.yml; touch run link; mkdir -p data; tar c ."
        )
        let sent = try await Command.run(
            testBed.ssh(["submit", "--tar", "--manifest", "ci/job.yml", "--follow"]), input: archive,
            deadline: .seconds(180))
        await expect(sent, status: 1, output: ["[look] /home/build/src\n"], in: testBed)
        let job = try #require(sent.errorText.firstMatch(of: /Job (\d+) is submitted/)?.1)
        try await testBed.endBuilder(of: "\(job)")
    }

    @Test func whatIsNoSourceBecomesNoJob() async throws {
        let testBed = try await SharedTestBed.get()
        let whole = try await Self.archive("cat >.build.yml; head -c 300000 /dev/urandom >noise; tar cz .")
        let cases: [(words: [String], input: [UInt8], status: Int32, sentence: String)] = [
            (["submit", "--tar"], Array(whole.dropLast(1000)), 65, "The source is damaged or cut off"),
            (["submit", "--tar"], Array(Self.manifest.utf8), 65, "The source is not a tar archive"),
            (["submit", "--tar"], [], 65, "The source is"),
            (
                ["submit", "--tar", "--manifest", "x.yml"], whole, 65,
                "There is no file x.yml in the archive."
            ),
            (["submit", "--manifest", "x.yml"], whole, 64, "Give “--manifest” together with --tar."),
            (["submit"], whole, 65, ""),
        ]
        for (words, input, status, sentence) in cases {
            let refused = try await Command.run(testBed.ssh(words), input: input)
            await expect(refused, status: status, errors: [sentence], in: testBed)
            #expect(refused.text.isEmpty, "\(refused)")
        }
        let typed = try await Command.start(
            testBed.ssh(["submit", "--tar"], options: ["-t"]), terminal: try PseudoTerminal()
        ) { _ in }
        await expect(typed, status: 64, output: ["An archive cannot come from a terminal."], in: testBed)
    }

    /// A client that vanishes in the middle has submitted nothing, though its input seems to have ended.
    @Test func aClientThatVanishesSubmitsNothing() async throws {
        let testBed = try await SharedTestBed.get()
        let noise = try await Self.archive("cat >.build.yml; head -c 4000000 /dev/urandom >noise; tar c .")
        let before = try await Command.run(testBed.ssh(["list"])).text
        let killed = try await Command.start(testBed.ssh(["submit", "--tar"])) { client in
            try await client.write(Array(noise.prefix(3_000_000)))
            client.send(.kill)
        }
        #expect(killed.status != 0)
        try await expectNobodyOnTheGateway(in: testBed)
        let after = try await Command.run(testBed.ssh(["list"])).text
        #expect(after.split(separator: "\n").count == before.split(separator: "\n").count, "\(after)")
    }

    /// What the shell commands print in an empty folder, with the manifest on their standard input.
    private static func archive(_ commands: String) async throws -> [UInt8] {
        let made = try await Command.run(
            ["sh", "-ec", "cd \"$(mktemp -d)\" && trap 'rm -rf \"$PWD\"' EXIT; \(commands)"],
            input: Array(manifest.utf8))
        try #require(made.status == 0, "\(made)")
        return made.output
    }
}
