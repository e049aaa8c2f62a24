import FoundationEssentials
import TestBed
import Testing

/// What jobs leave behind, from real builders to people's own files.
@Suite struct ArtifactsTests {
    /// A job of Alice's that has ended.
    private func ended(
        _ artifacts: String, _ script: String, status: Int32 = 0, in testBed: TestBed
    ) async throws -> String {
        let job = try await submit(artifacts, script, in: testBed)
        let log = try await Command.run(testBed.ssh(["tail", job]), deadline: .seconds(300))
        await expect(log, status: status, in: testBed)
        return job
    }

    private func submit(_ artifacts: String, _ script: String, in testBed: TestBed) async throws -> String {
        let lines = script.split(separator: "\n").map { "      \($0)\n" }.joined()
        return try await Operator(testBed: testBed).submit(
            "image: debian\nkeep: never\nartifacts: \(artifacts)\ntasks:\n  - make: |\n\(lines)")
    }

    private func log(of job: String, in testBed: TestBed) async throws -> String {
        try await Command.run(testBed.ssh(["tail", job])).text
    }

    @Test func whatTheManifestNamesIsListedAndFetchedByteForByte() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await ended(
            "['dist/*.bin', 'it is here', logs, no-such-file, link, away/passwd]",
            """
            mkdir -p dist logs/deep
            head -c 3000000 /dev/urandom >dist/a.bin; : >dist/empty.bin; echo no >dist/b.txt
            echo here >'it is here'; echo deep >logs/deep/.x; ln -s /etc/passwd link; ln -s /etc away
            sha256sum dist/a.bin
            """, in: testBed)
        let log = try await log(of: job, in: testBed)
        for line in [
            "artifacts: nothing matches no-such-file\n",
            "artifacts: link is a symbolic link, or behind one: not taken\n",
            "artifacts: away/passwd is a symbolic link, or behind one: not taken\n",
            "artifacts: 4 files, 2.8 MB\n",
        ] { #expect(log.contains(line), "\(log)") }
        let list = try await Command.run(testBed.ssh(["artifacts", job]))
        await expect(list, status: 0, in: testBed)
        expectInOrder(list.text, ["dist/a.bin\n", "dist/empty.bin\n", "it is here\n", "logs/deep/.x\n"])
        #expect(list.errorText.isEmpty && !list.text.contains("passwd"), "\(list)")
        let file = try await Command.run(
            testBed.ssh(["artifacts", job, "dist/a.bin"]), deadline: .seconds(120))
        await expect(file, status: 0, in: testBed)
        #expect(file.output.count == 3_000_000 && file.errorText.isEmpty)
        let sum = try await Command.run(["sha256sum"], input: file.output)
        #expect(log.contains(sum.text.prefix(64)), "\(sum)")
        let json = try await Command.run(testBed.ssh(["artifacts", job, "--json"]))
        #expect(json.text.contains(sum.text.prefix(64)), "\(json)")
        let named = try await Command.run(testBed.ssh(["artifacts", job, "'it is here'"]))
        let blanks = try await Command.run(testBed.ssh(["artifacts", job, "it", "is", "here"]))
        await expect(blanks, status: 0, output: ["here\n"], in: testBed)
        await expect(named, status: 66, errors: ["has no artifact"], in: testBed)
        let archive = try await Command.run(
            testBed.ssh(["artifacts", job, "--tar"]), deadline: .seconds(120))
        await expect(archive, status: 0, in: testBed)
        let unpacked = try await Command.run(
            [
                "sh", "-ec",
                """
                cd "$(mktemp -d)"; trap 'rm -rf "$PWD"' EXIT; tar x
                sha256sum dist/a.bin; find . -type f | LC_ALL=C sort; cat logs/deep/.x
                """,
            ], input: archive.output)
        await expect(
            unpacked, status: 0,
            output: [
                String(sum.text.prefix(64)),
                "./dist/a.bin\n./dist/empty.bin\n./it is here\n./logs/deep/.x\ndeep\n",
            ], in: testBed)
        let shown = try await Command.run(testBed.ssh(["show", job]))
        await expect(
            shown, status: 0,
            output: ["artifacts  4 files, 2.8 MB\n", "nothing matches no-such-file\n", "artifacts \(job)\n"],
            in: testBed)
        #expect(!shown.text.contains("entered"), "\(shown)")
        let typed = try await Command.start(
            testBed.ssh(["artifacts", job, "dist/a.bin"], options: ["-t"]), terminal: try PseudoTerminal()
        ) { _ in }
        await expect(
            typed, status: 64, output: ["The bytes of an artifact cannot go to a terminal."], in: testBed)
        // Bob may not read the log either.
        let bobs = try await Command.run(testBed.ssh(["artifacts", job], as: "bob"))
        await expect(bobs, status: 77, in: testBed)
    }

    @Test func afterAFailureTheyAreTakenIfTheManifestSaysAlways() async throws {
        let testBed = try await SharedTestBed.get()
        let script = "echo why >report.txt\nexit 3"
        let always = try await ended(
            "{paths: [report.txt], when: always}", script, status: 1, in: testBed)
        let report = try await Command.run(testBed.ssh(["artifacts", always, "report.txt"]))
        await expect(report, status: 0, output: ["why\n"], in: testBed)
        let usual = try await ended("[report.txt]", script, status: 1, in: testBed)
        let none = try await Command.run(testBed.ssh(["artifacts", usual]))
        await expect(
            none, status: 69, errors: ["does not say “when: always”: nothing was taken."], in: testBed)
    }

    @Test func whatIsTooLargeIsLeftOutAndTheRestIsTaken() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await ended(
            "{paths: ['*'], size: 1M}", "head -c 2000000 /dev/zero >big\necho small >tiny", in: testBed)
        let log = try await log(of: job, in: testBed)
        #expect(log.contains("artifacts: big has 1.9 MB, and there is room for 1 MB: not taken\n"), "\(log)")
        let list = try await Command.run(testBed.ssh(["artifacts", job]))
        await expect(list, status: 0, output: ["  tiny\n"], in: testBed)
        #expect(!list.text.contains("big"), "\(list)")
    }

    /// The job waits for somebody who comes in.
    private static let waiting = "while [ ! -e go ]; do sleep 0.1; done\necho made >file"

    @Test func ofAJobThatSomebodyHasEnteredNobodyGetsThem() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await submit("[file]", Self.waiting, in: testBed)
        let inside = try await Command.run(
            testBed.ssh(["connect", "--now", job, "touch go"]), deadline: .seconds(300))
        await expect(inside, status: 0, in: testBed)
        let log = try await Command.run(testBed.ssh(["tail", job]), deadline: .seconds(120))
        let sentence = "alice (owner) came in at "
        await expect(
            log, status: 0, output: ["artifacts: 1 file, 5 bytes\n", "artifacts: withheld: \(sentence)"],
            in: testBed)
        let list = try await Command.run(testBed.ssh(["artifacts", job]))
        await expect(
            list, status: 0, output: ["  file\n"],
            errors: ["The artifacts of job \(job) are withheld: \(sentence)"], in: testBed)
        for words in [["file"], ["--tar"]] {
            let refused = try await Command.run(testBed.ssh(["artifacts", job] + words))
            await expect(
                refused, status: 77,
                errors: [sentence, " by connect with a command, before the tasks had ended."], in: testBed)
            #expect(refused.output.isEmpty)
        }
        let shown = try await Command.run(testBed.ssh(["show", job]))
        await expect(
            shown, status: 0,
            output: [
                "  entered    alice (owner), ", "by connect with a command: before the tasks had ended\n",
                "withheld, because of who entered\n",
            ], in: testBed)
    }

    @Test func itsOwnerCanHaveSaidThatTheyMayGo() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await submit("{paths: [file], entered: give}", Self.waiting, in: testBed)
        let inside = try await Command.run(
            testBed.ssh(["connect", "--now", job, "touch go"]), deadline: .seconds(300))
        await expect(inside, status: 0, in: testBed)
        let log = try await Command.run(testBed.ssh(["tail", job]), deadline: .seconds(120))
        await expect(log, status: 0, in: testBed)
        let file = try await Command.run(testBed.ssh(["artifacts", job, "file"]))
        await expect(file, status: 0, output: ["made\n"], in: testBed)
        // The mark is there all the same.
        let shown = try await Command.run(testBed.ssh(["show", job]))
        await expect(shown, status: 0, output: ["  entered    alice (owner), "], in: testBed)
    }
}
