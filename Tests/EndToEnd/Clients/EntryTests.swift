import TestBed
import Testing

/// What people with their own ssh read when they enter a builder, and what the builder itself tells.
@Suite struct EntryTests {
    @Test(arguments: ["debian", "debian-build"])
    func whoComesWithTheirOwnSSHReadsTheSameOnce(image: String) async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.freshWreck(testBed, image: image)
        let alice = try await Equipped.person(in: testBed)
        let failed = "sallyport: Job \(job): failed, task “check” ended with exit status 1.\r\n"
        let own = try await Command.start(
            testBed.inside(["ssh", alice.builder(job)], as: alice.name),
            terminal: try PseudoTerminal(columns: 200),
            deadline: .seconds(60)
        ) { shell in
            try await shell.output.wait(for: "$ ")
            // Shells inside the session say nothing.
            try await shell.write("bash -lc 'echo once'; bash -lic exit; sallyport\n")
            try await shell.output.wait(for: "At home you can enter:\r\n")
            // What it says stays true.
            await expect(try await Command.run(testBed.ssh(["hold", job])), status: 0, in: testBed)
            try await shell.write(
                "while sallyport entry | grep -q 'After the last'; do sleep 0.1; done; echo he''ld\n")
            try await shell.output.wait(for: "held\r\n")
            try await shell.write("exit 7\n")
        }
        await expect(own, status: 7, in: testBed)
        expectInOrder(
            own.text,
            [
                failed, "sallyport: The builder ends in ", ", and cannot be extended any further.\r\n",
                "sallyport: After the last session it stays for 15 minutes; to keep it longer: ssh ",
                " hold \(job)\r\n", "sallyport: To repeat the failed task: ~/.tasks/check\r\n",
                "build@builder:~$ ", "At home you can enter:\r\n  ssh -t ", "connect \(job)\r\n",
                "release \(job)\r\n",
            ])
        #expect(own.text.ranges(of: failed).count == 1 && !own.text.contains("[y/N]"), "\(own)")

        // The gateway says it to those who come through it.
        let through = try await Command.start(
            testBed.ssh(["connect", job], options: ["-t"]), terminal: try PseudoTerminal(columns: 200)
        ) { shell in
            try await shell.output.wait(for: "$ ")
            try await shell.write("sallyport | grep -c 'release \(job)'; exit\n")
        }
        await expect(through, status: 0, output: [failed, "\r1\r\n"], in: testBed)
        #expect(through.text.ranges(of: failed).count == 1, "\(through)")

        // Commands say nothing of their own, with and without a terminal.
        for options in [[], ["-tt"]] {
            let command = try await alice.run(["ssh"] + options + [alice.builder(job), "echo alone"])
            await expect(command, status: 0, in: testBed)
            #expect(command.text.trimmed == "alone", "\(command)")
        }

        // A guest reads nothing that is not for guests.
        await expect(try await Command.run(testBed.ssh(["share", job, "bob"])), status: 0, in: testBed)
        let bob = try await Equipped.person("bob", in: testBed)
        let guest = try await Command.start(
            testBed.inside(["ssh", bob.builder(job)], as: bob.name),
            terminal: try PseudoTerminal(columns: 200)
        ) { shell in
            try await shell.output.wait(for: "$ ")
            try await shell.write("sallyport; exit\n")
        }
        await expect(
            guest, status: 0,
            output: [failed, "\r\nThe builder ends in ", "At home you can enter:\r\n"],
            in: testBed)
        for verb in [" extend ", " hold ", " release "] { #expect(!guest.text.contains(verb), "\(guest)") }
        try await testBed.endBuilder(of: job)
    }
}
