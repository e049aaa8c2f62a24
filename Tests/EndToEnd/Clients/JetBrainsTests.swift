import TestBed
import Testing

/// What JetBrains' editors do, with a library that is not OpenSSH: Tests/Clients/jetbrains.py.
@Suite struct JetBrainsTests {
    @Test func anEditorWithALibraryOfItsOwnWorks() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let alice = try await Equipped.person(in: testBed)
        let known = try await alice.sh(
            "ssh \"$@\" >~/.ssh/job_known_hosts", alice.gateway[0], alice.gateway[1], alice.gateway[2],
            "known-hosts", job)
        await expect(known, status: 0, in: testBed)
        let finished = try await run(alice, job, knownHosts: "job_known_hosts")
        await expect(finished, status: 0, in: testBed)
        #expect(
            finished.text == """
                50 commands, each with its exit status
                uploaded and read again
                a long connection, during others

                """, "\(finished)")
    }

    @Test func aHostKeyThatIsNotTheBuildersIsRefused() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let alice = try await Equipped.person(in: testBed)
        let known = try await alice.sh(
            "echo \"$1 $(cut -d' ' -f1,2 ~/.ssh/id_ed25519.pub)\" >~/.ssh/wrong_known_hosts",
            alice.builder(job))
        await expect(known, status: 0, in: testBed)
        let refused = try await run(alice, job, knownHosts: "wrong_known_hosts")
        await expect(refused, status: 1, errors: ["BadHostKeyException"], in: testBed)
        #expect(refused.output.isEmpty, "\(refused)")
    }

    /// The script comes on standard input: a checkout may be where other people cannot read.
    private func run(_ person: Person, _ job: String, knownHosts: String) async throws -> Finished {
        let testBed = person.testBed
        let libraries = "\(testBed.folder)/paramiko"
        let copied = try await testBed.run([
            "sh", "-ec",
            "[ -e \"$2\" ] || { cp -r \"$1\"/lib/python3*/site-packages \"$2\"; chmod -R go+rX \"$2\"; }",
            "sh", "\(Repository.root)/.build/clients", libraries,
        ])
        await expect(copied, status: 0, in: testBed)
        let script = try await Command.run(["cat", "\(Repository.root)/Tests/Clients/jetbrains.py"])
        return try await person.run(
            ["env", "PYTHONPATH=\(libraries)", "python3", "-", person.builder(job), knownHosts],
            input: script.output, deadline: .seconds(120))
    }
}
