import Foundation
import TestBed

/// One session, from a key to a refusal, as people would experience it.
struct Session: Sendable {
    let testBed: TestBed
    let transcript: Transcript

    /// A build whose second task fails after a few seconds.
    static let manifest = """
        image: debian
        tasks:
          - build: |
              for part in $(cat parts); do
                  echo "compiling the $part"
                  sleep 1
              done
              echo '3 parts, built on '$(uname -n) > result.txt
          - check: |
              echo 'checking the parser: ok'
              sleep 1
              echo 'checking the solver: wrong answer'
              exit 3

        """

    func show() async throws {
        transcript.begin("Adding two people's keys to the build service")
        for person in ["alice", "bob"] {
            let arguments = ["keys", "add", person, "\(testBed.client)/\(person).pub"]
            transcript.type("sudo sallyport \(arguments.joined(separator: " "))")
            try await expect(testBed.sallyport(arguments), status: 0)
        }

        transcript.begin("What can a job start from?")
        transcript.type("ssh builds@gateway images")
        try await expect(
            Command.run(testBed.ssh(["images"]), forward: transcript.show), status: 0, "debian")

        transcript.begin("Alice submits her source; its second task will fail, and she follows the log")
        let submission = ["submit", "--tar", "--follow", "--note", "fix", "the", "parser"]
        transcript.type("tar cz . | ssh builds@gateway \(submission.joined(separator: " "))")
        let submitted = try await expect(
            Command.run(
                testBed.ssh(submission), input: try await source(), deadline: .seconds(180),
                forward: transcript.show),
            status: 1, "[build] compiling the printer", "[check] checking the solver: wrong answer",
            "To enter the machine: ssh -t")
        transcript.remark("exit status 1: the job did not succeed")
        let job = try number(in: submitted.errorText)

        transcript.begin("Which jobs does she have, and for how long?")
        transcript.type("ssh builds@gateway list")
        try await expect(
            Command.run(testBed.ssh(["list"]), forward: transcript.show), status: 0, job, "kept",
            "fix the parser")

        transcript.begin("With her own scp; to set it up for good: ssh builds@gateway ssh-config")
        try await copy("result.txt", from: job)

        transcript.begin(
            "Entering the failed machine; in another terminal: ssh builds@gateway extend \(job) 30m")
        transcript.type("ssh -t builds@gateway connect \(job)")
        try await expect(
            connect(job), status: 7, "check", "The deadline has moved.", "3 parts, built on ",
            "six times seven: 42")
        transcript.remark("exit status 7, from the remote shell")

        transcript.begin("Bob is refused, because the job is not his")
        transcript.type("ssh builds@gateway connect \(job) true")
        try await expect(
            Command.run(testBed.ssh(["connect", job, "true"], as: "bob"), forward: transcript.show),
            status: 77, "belongs to alice")
        transcript.remark("exit status 77: not yours")

        transcript.begin("Mallory is refused, because nobody knows her key")
        transcript.type("ssh builds@gateway tail \(job)")
        try await expect(
            Command.run(testBed.ssh(["tail", job], as: "mallory"), forward: transcript.show), status: 77,
            "SHA256:")
        transcript.end()
        transcript.say("Done: every step had the expected output and exit status.\n")
    }

    /// Prints commands to try in another terminal.
    func inviteToTry() async throws {
        let job = try await submit()
        let ssh = "ssh -F \(testBed.client)/ssh_config"
        transcript.say(
            """

            Now you: job \(job) is about to fail in the same way. In another terminal:

                \(ssh) builds                     who am I, and what are my jobs?
                \(ssh) builds help                and what can I do with them?
                \(ssh) builds tail \(job)
                \(ssh) -t builds connect \(job)
                \(ssh) job-\(job)                    your own ssh, end to end; scp, rsync, editors alike
                \(ssh) -t builds-bob connect \(job)    as someone else

            Its builder is kept for an hour. Ctrl-C ends everything.

            """)
    }

    private func submit() async throws -> String {
        let submitted = try await expect(
            Command.run(testBed.ssh(["submit", "--tar"]), input: try await source()), status: 0)
        return try number(in: submitted.text)
    }

    /// Alice's folder, as tar sends it.
    private func source() async throws -> [UInt8] {
        let script = """
            folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
            cat >.build.yml && printf '%s\\n' parser solver printer >parts && tar cz .
            """
        return try await expect(
            Command.run(["sh", "-ec", script], input: Array(Self.manifest.utf8)), status: 0
        ).output
    }

    /// The first number in a text, which is the job's.
    private func number(in text: String) throws -> String {
        let digits = text.drop { !$0.isNumber }.prefix { $0.isNumber }
        guard !digits.isEmpty else { throw StepFailure(description: "no job was named:\n\(text)") }
        return String(digits)
    }

    /// The client's known_hosts is the person's own.
    private func copy(_ file: String, from job: String) async throws {
        transcript.type("ssh builds@gateway known-hosts --bare >>~/.ssh/known_hosts")
        let line = try await expect(
            Command.run(testBed.ssh(["known-hosts", "--bare"])), status: 0, "@cert-authority")
        let known = try FileHandle(forWritingTo: URL(filePath: "\(testBed.client)/known_hosts"))
        try known.seekToEnd()
        try known.write(contentsOf: Data(line.output))
        try known.close()

        transcript.type("scp job-\(job):src/\(file) .")
        let here = "\(testBed.client)/\(file)"
        try await expect(
            Command.run(["scp", "-q", "-F", "\(testBed.client)/ssh_config", "job-\(job):src/\(file)", here]),
            status: 0)
        transcript.type("cat \(file)")
        try await expect(
            Command.run(["cat", here], forward: transcript.show), status: 0, "3 parts, built on ")
    }

    /// A person at a terminal: waits for the prompt, types, and leaves.
    private func connect(_ job: String) async throws -> Finished {
        let terminal = try PseudoTerminal()
        return try await Command.start(
            testBed.ssh(["connect", job], options: ["-t"]), terminal: terminal, deadline: .seconds(60),
            forward: transcript.show
        ) { shell in
            try await shell.output.wait(for: "a prompt") { Self.endsWithPrompt($0) }
            let extended = try await Command.run(testBed.ssh(["extend", job, "30m"]))
            try await expect(extended, status: 0, "The builder of job \(job) ends")
            try await shell.output.wait(for: "The deadline has moved.")
            try await shell.write("cat result.txt; echo six times seven: $((6 * 7)); exit 7\n")
            try await shell.output.wait(for: "[y/N] ")
            try await shell.write("n\n")
        }
    }

    /// `$ ` or `# `, possibly followed by the end of a colour.
    private static func endsWithPrompt(_ bytes: [UInt8]) -> Bool {
        let end = String(decoding: bytes.suffix(16), as: UTF8.self)
        return end.contains("$ ") || end.contains("# ")
    }

    @discardableResult
    private func expect(_ finished: Finished, status: Int32, _ expected: String...) async throws -> Finished {
        let everything = finished.text + finished.errorText
        let missing = expected.filter { !everything.contains($0) }
        if finished.status == status, !finished.late, missing.isEmpty { return finished }
        let wanted = "expected status \(status)" + missing.map { " and ‘\($0)’" }.joined()
        throw StepFailure(description: "\(wanted), but:\n\(finished)\n\n\(await testBed.logTails())")
    }
}
