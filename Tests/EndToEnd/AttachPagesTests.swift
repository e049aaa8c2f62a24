import Foundation
import TestBed
import TestSupport
import Testing

/// The lines of docs/attach, as people paste them into their CI: its shell reads them, with the variables that the CI sets.
@Suite struct AttachPagesTests {
    struct CI: Sendable, CustomTestStringConvertible {
        let page: String
        /// What this CI sets, or the page says to set; without the secret.
        let variables: [String: String]
        /// The variable that names a file with the secret key; nil: SALLYPORT_ATTACH_KEY has the key itself.
        var keyFile: String?

        var testDescription: String { page }
    }

    /// An hour that has just begun.
    private static let now = Date()

    static let all = [
        CI(
            page: "github-actions",
            variables: [
                "RUNNER_DEBUG": "1", "GITHUB_SERVER_URL": "https://github.example",
                "GITHUB_REPOSITORY": "team/parser", "GITHUB_RUN_ID": "17",
            ]),
        CI(
            page: "gitlab-ci",
            variables: [
                "SALLYPORT": "1", "CI_JOB_URL": "https://gitlab.example/team/parser/-/jobs/17",
                "CI_JOB_TIMEOUT": "3600", "CI_JOB_STARTED_AT": now.formatted(.iso8601),
            ]),
        CI(
            page: "jenkins",
            variables: ["SALLYPORT": "true", "BUILD_URL": "https://jenkins.example/job/my%20parser/17/"],
            keyFile: "SALLYPORT_KEY_FILE"),
        CI(
            page: "woodpecker-forgejo",
            variables: [
                "SALLYPORT": "1", "CI_PIPELINE_URL": "https://woodpecker.example/repos/1/pipeline/17",
                "CI_PIPELINE_STARTED": "\(Int(now.timeIntervalSince1970))",
                "GITHUB_SERVER_URL": "https://forgejo.example", "GITHUB_REPOSITORY": "team/parser",
                "GITHUB_RUN_NUMBER": "17",
            ]),
        CI(page: "kubernetes", variables: ["SALLYPORT": "1", "POD_NAME": "check-x7k2p"]),
        CI(page: "docker", variables: ["SALLYPORT": "1"]),
        CI(page: "shell", variables: ["SALLYPORT": "1"]),
    ]

    /// With a secret: the command fails, someone enters its folder, and the step ends with its status.
    @Test(arguments: all) func theLinesOfThePageWork(ci: CI) async throws {
        let testBed = try await SharedTestBed.get()
        let secret = try await CISecret.make(in: testBed)
        for step in try Self.steps(of: ci, pairing: false) {
            let machine = try await CIMachine.make(in: testBed)
            try await run(step, of: ci, on: machine, secret.key) { command in
                ["connect", try await command.attachedJob()]
            }
        }
    }

    /// Without one: the same, for whoever enters the code.
    @Test(arguments: all) func theLinesWithoutASecretWork(ci: CI) async throws {
        let testBed = try await SharedTestBed.get()
        for step in try Self.steps(of: ci, pairing: true) {
            let machine = try await CIMachine.make(in: testBed)
            try await run(step, of: ci, on: machine, nil) { command in
                ["adopt", try await command.pairingCode()]
            }
        }
    }

    /// Where each CI looks for the lines of a step.
    private static let places = [
        "github-actions": ["jobs.check.steps[].run"],
        "gitlab-ci": ["check.script[]"],
        "kubernetes": ["spec.template.spec.containers[].args[]"],
        "woodpecker-forgejo": ["steps[].commands[]", "jobs.check.steps[].run"],
    ]

    /// A YAML parser finds the lines that the other tests run, where the CI looks for them. A block can be a part of a file.
    @Test(arguments: places.keys.sorted()) func theLinesAreWhereTheCILooksForThem(page: String) async throws {
        let testBed = try await SharedTestBed.get()
        // PyYAML is among what Buildbot needs.
        let script = """
            import json, sys, yaml
            def leaves(node, path):
                if isinstance(node, dict):
                    for key, value in node.items(): yield from leaves(value, f"{path}.{key}")
                elif isinstance(node, list):
                    for value in node: yield from leaves(value, path + "[]")
                elif isinstance(node, str): yield {"path": path.removeprefix("."), "text": node}
            blocks = [yaml.safe_load(block) for block in json.load(sys.stdin)]
            json.dump([leaf for block in blocks for leaf in leaves(block, "")], sys.stdout)
            """
        let blocks = try AttachPage(page).blocks("yaml")
        let answer = try await testBed.run(
            ["\(Repository.root)/.build/buildbot/bin/python", "-c", script],
            input: String(decoding: JSONEncoder().encode(blocks), as: UTF8.self))
        try #require(answer.status == 0, "\(answer)")
        struct Leaf: Decodable {
            let path: String
            let text: String
        }
        let steps = try JSONDecoder().decode([Leaf].self, from: Data(answer.output)).filter {
            $0.text.contains("make check")
        }
        let places = try #require(Self.places[page])
        for step in steps {
            #expect(places.contains { $0 == step.path || $0.hasSuffix(step.path) }, "\(step)")
        }
        #expect(steps.map(\.text) == (try AttachPage(page).yamlSteps))
        #expect(blocks.count == steps.count)
    }

    /// The steps of its page that run a command; there is one at least.
    private static func steps(of ci: CI, pairing: Bool) throws -> [String] {
        let steps = try AttachPage(ci.page).steps.filter {
            $0.contains("make check") && $0.contains("--pair ") == pairing
        }
        try #require(!steps.isEmpty)
        return steps
    }

    /// - Parameter verb: waits for what the step says, and finds what a person enters.
    private func run(
        _ step: String, of ci: CI, on machine: CIMachine, _ key: String?,
        verb: @escaping @Sendable (RunningCommand) async throws -> [String]
    ) async throws {
        let testBed = machine.testBed
        let files = try await AttachFiles.serve(in: testBed)
        var variables = ci.variables
        if let key, let name = ci.keyFile {
            let file = "/etc/my secret"
            let written = try await testBed.run(["tee", machine.root + file], input: key)
            #expect(written.status == 0)
            variables[name] = file
        } else {
            variables["SALLYPORT_ATTACH_KEY"] = key
        }
        variables["SALLYPORT_ATTACH_HOST_KEY"] = try await CISecret.hostKey(in: testBed)
        variables["SALLYPORT_BUNDLE_SHA256"] = try await AttachFiles.sum(in: testBed)
        try await machine.unpackWherePagesHaveIt()
        let finished = try await machine.step(Self.own(step, in: testBed, files: files), variables) {
            command in
            let shell = try await Command.start(
                testBed.ssh(try await verb(command), as: "alice", options: ["-t"]),
                terminal: try PseudoTerminal(columns: 200)
            ) { shell in
                try await shell.output.wait(for: "# ")
                try await shell.write("echo \"$PWD has $(cat result.txt)\"; exit 5\n")
                try await shell.output.wait(for: "[y/N] ")
                try await shell.write("y\n")
            }
            await expect(shell, status: 5, output: ["\(CIMachine.workspace) has 7 parts"], in: testBed)
        }
        await expect(finished, status: 3, output: ["checking in \(CIMachine.workspace)\n"], in: testBed)
        // With exec there is no shell that could remove anything: a container is gone then.
        guard !step.contains("exec ") else { return }
        #expect(try await machine.left().isEmpty, "\(step)")
    }

    /// Without the variable that switches it on, nothing is fetched and nobody is waited for.
    @Test(arguments: all) func switchedOffTheyChangeNothing(ci: CI) async throws {
        let testBed = try await SharedTestBed.get()
        let machine = try await CIMachine.make(in: testBed)
        let steps = try AttachPage(ci.page).steps.filter { $0.contains("make check") }
        for step in steps {
            var variables = ci.variables
            variables["SALLYPORT"] = nil
            variables["RUNNER_DEBUG"] = nil
            let lines = Self.own(step, in: testBed, files: "http://127.0.0.1:1")
            let finished = try await machine.step(lines, variables)
            await expect(finished, status: 3, output: ["checking in \(CIMachine.workspace)\n"], in: testBed)
            #expect(finished.errors.isEmpty, "\(finished)")
        }
    }

    /// The lines with this test bed's gateway and web server.
    private static func own(_ step: String, in testBed: TestBed, files: String) -> String {
        let port = testBed.port(of: .builds)
        // The last words of ssh's command line are the verb.
        return
            step
            .replacing(
                #/builds@gateway\.example\.org( attach-bundle)?/#,
                with: {
                    "builds@\(TestBed.publicHost)" + ($0.1.map { " -p \(port)\($0)" } ?? " --port \(port)")
                }
            )
            .replacing("https://ci.example.org/attach", with: files)
    }
}

extension CIMachine {
    /// The archive in the workspace, as a repository has it; and unpacked in /opt, as an image or a mounted folder has it.
    func unpackWherePagesHaveIt() async throws {
        let unpacked = try await testBed.run([
            "sh", "-ec",
            """
            cp "$1/$2" "$3$4"
            cp "$1/$2" "$3$4/sallyport-attach.tar.gz"
            mkdir -p "$3/opt" && tar xzf "$1/$2" -C "$3/opt"
            """, "sh", AttachFiles.folder, AttachFiles.archive, root, Self.workspace,
        ])
        guard unpacked.status == 0 else { throw TestBedError("no archive was put there", log: "\(unpacked)") }
    }
}

extension RunningCommand {
    /// Waits until a script that pairs has printed its code.
    func pairingCode() async throws -> String {
        try await errors.wait(for: " adopt ")
        let text = await errors.text
        guard let code = text.firstMatch(of: #/ adopt ([A-Za-z0-9]+-[A-Za-z0-9]+)/#) else {
            throw TestBedError("no code was printed", log: text)
        }
        return String(code.1)
    }
}
