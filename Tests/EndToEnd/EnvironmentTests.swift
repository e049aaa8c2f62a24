import TestBed
import Testing

/// The job's environment, for every way to enter a builder.
@Suite struct EnvironmentTests {
    private static let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"
    /// Ends in a word that no command line holds.
    private static let look = #"echo "[$JOB_ID] [$COLOUR] [$PATH] [$LANG]" "e"nd"#

    @Test(arguments: ["debian", "debian-build"])
    func theJobsEnvironmentIsInEveryKindOfSession(image: String) async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await Operator(testBed: testBed).submit(
            """
            image: \(image)
            environment:
              COLOUR: dark blue
            tasks:
              - look: |
                  set +x
                  \(Self.look)
                  echo "export PATH=$HOME/bin:$PATH" >>~/.buildenv
                  exit 1

            """)
        let log = try await Command.run(testBed.ssh(["tail", job]), deadline: .seconds(180))
        let common = "[\(job)] [dark blue] "
        await expect(
            log, status: 1, output: ["[look] \(common)[\(Self.path)] [C.UTF-8] end\n"], in: testBed)
        // Later sessions have what the task has added.
        let expected = "\(common)[/home/build/bin:\(Self.path)] [C.UTF-8] end"

        let plain = ["env", "-u", "LANG", "-u", "LC_ALL"]
        for command in [Self.look, "sh -c '\(Self.look)'", "sh -l -c '\(Self.look)'"] {
            let finished = try await Command.run(plain + testBed.ssh(["connect", job, command]))
            #expect(finished.text == "\(expected)\n", "\(finished)")
        }
        for shell in ["bash", "bash -l", "sh"] {
            let finished = try await Command.run(
                plain + testBed.ssh(["connect", job, shell]), input: Array("\(Self.look)\n".utf8))
            #expect(finished.text == "\(expected)\n", "\(shell): \(finished)")
        }
        for command in [[], [Self.look], ["bash"]] {
            let finished = try await Command.start(
                plain + testBed.ssh(["connect", job] + command, options: ["-t"]),
                terminal: try PseudoTerminal(columns: 200)
            ) { terminal in
                if command != [Self.look] { try await terminal.write("\(Self.look)\n") }
                try await terminal.output.wait(for: " end\r\n")
                // This is not a logout, so the builder is kept.
                if command != [Self.look] { try await terminal.write("kill -KILL $$\n") }
            }
            #expect(finished.text.contains("\(expected)\r\n"), "\(command): \(finished)")
        }
        let copied = try await Command.run(
            testBed.ssh(["connect", job, "rsync --archive ~/.tasks/ copy/ && ls copy"]))
        await expect(copied, status: 0, output: ["look\n"], in: testBed)
        try await testBed.endBuilder(of: job)
    }

    @Test func whatSomeoneHasChangedStaysSoInWhatTheyStart() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let finished = try await Command.run(
            testBed.ssh(["connect", job, "bash"]),
            input: Array("PATH=$PATH:/opt/bin\nbash -c 'echo $PATH'\nsh -c 'echo $PATH'\n".utf8))
        #expect(finished.text == "\(Self.path):/opt/bin\n\(Self.path):/opt/bin\n", "\(finished)")
    }
}
