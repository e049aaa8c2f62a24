import Foundation
import TestBed
import Testing

/// A CI job's machine that dials out with `sallyport-attach`: a person's account in the test bed.
struct AttachingMachine: Sendable {
    let person: Person
    let gateway: Gateway
    /// The private key's file; nil: the script makes one.
    let identity: String?
    /// A command that takes another one, and starts it where the machine is.
    let place: [String]

    /// - Parameter identity: the key's file, relative to the home of the account; nil: the script makes one.
    init(
        of name: String = "alice", in testBed: TestBed, gateway: Gateway = .builds,
        identity: String? = ".ssh/id_ed25519", place: [String] = []
    ) {
        let person = Person(testBed: testBed, name: name)
        self.person = person
        self.gateway = gateway
        self.identity = identity.map { "\(person.home)/\($0)" }
        self.place = place
    }

    private var testBed: TestBed { person.testBed }

    /// As people who can read no checkout see it.
    static let script = "/usr/local/bin/sallyport-attach"

    /// Puts the script where everyone in the test bed finds it.
    static func install(in testBed: TestBed) async throws {
        let installed = try await testBed.run([
            "install", "-m", "755", "\(Repository.root)/Sources/Attach/sallyport-attach", script,
        ])
        guard installed.status == 0 else {
            throw TestBedError("no script was installed", log: "\(installed)")
        }
    }

    /// The command line of the script.
    ///
    /// - Parameter shell: that reads it.
    func words(_ arguments: [String], shell: [String] = ["sh"]) -> [String] {
        shell + [
            Self.script, "--port", "\(testBed.port(of: gateway))", "--known-hosts",
            "\(person.home)/.ssh/known_hosts", "builds@\(TestBed.publicHost)",
        ] + (identity.map { ["--identity", $0] } ?? []) + arguments
    }

    /// Where terminals have the mode and the group with which CIs mount them, whatever this machine has.
    private static let terminals = [
        "unshare", "--mount", "sh", "-ec",
        """
        mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts /dev/pts
        mount --bind /dev/pts/ptmx /dev/ptmx
        exec "$@"
        """, "sh",
    ]

    func inside(_ words: [String]) -> [String] {
        testBed.inside(words, as: person.name, prefix: Self.terminals + place)
    }

    /// Runs it to its end.
    func run(_ arguments: [String], deadline: Duration = .seconds(60)) async throws -> Finished {
        try await Command.run(inside(words(arguments)), deadline: deadline)
    }

    /// Runs it, and passes the job's number to `body` as soon as it has printed it.
    func attach(
        _ arguments: [String], shell: [String] = ["sh"], deadline: Duration = .seconds(90),
        body: @Sendable (_ job: String, RunningCommand) async throws -> Void
    ) async throws -> Finished {
        try await Command.start(inside(words(arguments, shell: shell)), deadline: deadline) { command in
            try await command.errors.wait(for: Self.line)
            let text = await command.errors.text
            guard let job = text.firstMatch(of: #/ connect (\S+)/#) else {
                throw TestBedError("no job was printed", log: text)
            }
            try await body(String(job.1), command)
        }
    }

    /// Runs it as a machine of nobody, and passes the code to `body` as soon as it has printed it.
    func pair(
        _ arguments: [String], shell: [String] = ["sh"], deadline: Duration = .seconds(90),
        body: @Sendable (_ code: String, RunningCommand) async throws -> Void
    ) async throws -> Finished {
        try await Command.start(inside(words(["--pair"] + arguments, shell: shell)), deadline: deadline) {
            command in
            try await body(try await Self.code(1, in: command), command)
        }
    }

    /// The N-th code that it prints.
    static func code(_ number: Int, in command: RunningCommand) async throws -> String {
        @Sendable func codes(_ text: String) -> [String] {
            text.matches(of: #/ adopt (\S+)\n/#).map { String($0.1) }
        }
        try await command.errors.wait(for: "\(number) codes") {
            codes(String(decoding: $0, as: UTF8.self)).count >= number
        }
        return codes(await command.errors.text)[number - 1]
    }

    /// The beginning of the line that says how to enter it.
    private static var line: String { "ssh -t " }

    /// Ends the machine as its owner.
    func release(_ job: String) async throws -> Finished {
        try await Command.run(testBed.ssh(["release", "--yes", job], as: person.name))
    }

    /// Its owner gets a shell whose terminal changes its size, and leaves it with 7.
    ///
    /// - Parameters:
    ///   - address: that the machine has dialled from.
    ///   - endsIt: whether the owner ends the machine on leaving.
    func expectResizableShell(in job: String, from address: String, endingIt endsIt: Bool) async throws {
        let terminal = try PseudoTerminal(rows: 31, columns: 97)
        let shell = try await Command.start(
            testBed.ssh(["connect", job], as: person.name, options: ["-t"]), terminal: terminal
        ) { shell in
            try await shell.output.wait(for: "Attached from \(address)")
            try await shell.write("stty size; tty\n")
            try await shell.output.wait(for: "/dev/pts/")
            try terminal.resize(rows: 50, columns: 132)
            try await shell.write("until stty size | grep '^50 1''32'; do sleep 0.1; done\n")
            try await shell.output.wait(for: "50 132")
            try await shell.write("exit 7\n")
            try await shell.output.wait(for: "[y/N] ")
            try await shell.write(endsIt ? "y\n" : "n\n")
        }
        await expect(shell, status: 7, output: ["31 97"], in: testBed)
        #expect(terminal.isCooked)
    }

    /// Records a failure unless no process and no file of the script is left in time.
    func expectNothingIsLeft(at place: SourceLocation = #_sourceLocation) async throws {
        let left = try await testBed.run(
            [
                "bash", "-c",
                """
                for try in $(seq 100); do
                    left=$(
                        pgrep -a -u "$1"
                        # Not the folders of other test beds, whose processes are in other containers.
                        find /tmp /var/tmp -maxdepth 1 -user "$1" -name 'sallyport-attach.*' \
                            -exec grep -q " $(readlink /proc/self/ns/pid)$" {}/owner ';' -print 2>&-
                    )
                    [ -n "$left" ] || exit 0
                    sleep 0.1
                done
                echo "$left"; exit 1
                """, "bash", person.name,
            ], deadline: 30)
        await expect(left, status: 0, in: testBed, at: place)
    }

    /// Everything below the home, with its contents, except for what belongs to nobody's settings.
    func snapshot() async throws -> String {
        try await person.sh("cd; find . -type f | sort | xargs -r -d '\\n' sha256sum; find . | sort").text
    }
}
