import Foundation
import TestBed
import Testing

/// `help attach` and `attach-bundle`, as someone uses them who has read nothing else.
@Suite struct AttachHelpTests {
    /// The lines to paste: with a secret, and without one.
    private static func blocks(_ help: String) -> [String] {
        var blocks: [[Substring]] = []
        for line in help.split(separator: "\n") where line.hasPrefix("    ") {
            if line.hasPrefix("    export ") { blocks.append([]) }
            guard let last = blocks.last, last.last?.hasSuffix("make check") != true else { continue }
            blocks[blocks.count - 1].append(line.dropFirst(4))
        }
        return blocks.map { $0.joined(separator: "\n") }
    }

    /// From a person without a key for CIs to a prompt in the failed step's folder.
    @Test func whatItPrintsLeadsToAPrompt() async throws {
        let testBed = try await SharedTestBed.get()
        _ = try await AttachFiles.serve(in: testBed)
        let alice = Person(testBed: testBed, name: "alice")
        let help = try await alice.run(["ssh"] + alice.gateway + ["help", "attach"])
        await expect(help, status: 0, in: testBed)
        let adding = help.text.split(separator: "\n").filter {
            $0.contains("ssh-keygen ") || $0.contains(" keys add ")
        }
        #expect(adding.count == 2, "\(help)")
        let added = try await alice.sh("rm -f attach-key*\n" + adding.joined(separator: "\n"))
        await expect(added, status: 0, in: testBed)
        let confirming = try #require(added.text.split(separator: "\n").last)
        let confirmed = try await alice.sh(String(confirming).replacing(" FILE ", with: " attach-key "))
        await expect(confirmed, status: 0, output: ["attach machines"], in: testBed)
        let again = try await alice.run(["ssh"] + alice.gateway + ["help", "attach"])
        await expect(again, status: 0, output: ["You have one: SHA256:"], in: testBed)

        let machine = try await CIMachine.make(in: testBed)
        let key = try await alice.sh("cat attach-key; rm attach-key*").text
        let block = try #require(Self.blocks(again.text).first)
        let finished = try await machine.step(block, ["SALLYPORT_ATTACH_KEY": key, "COLOUR": "dark red"]) {
            try await enter(["connect", try await $0.attachedJob()], in: testBed)
        }
        await expect(finished, status: 3, output: ["checking in \(CIMachine.workspace)\n"], in: testBed)
        #expect(try await machine.left().isEmpty)
    }

    /// The same for someone whose CI has no secret.
    @Test func whatItPrintsLeadsToAPromptWithoutASecretToo() async throws {
        let testBed = try await SharedTestBed.get()
        _ = try await AttachFiles.serve(in: testBed)
        let help = try await Command.run(testBed.ssh(["help", "attach"], as: "alice"))
        let machine = try await CIMachine.make(in: testBed)
        try await machine.unpackWherePagesHaveIt()
        let block = try #require(Self.blocks(help.text).last)
        #expect(block.contains("--pair "), "\(block)")
        let finished = try await machine.step(block, ["COLOUR": "dark red"]) {
            try await enter(["adopt", try await $0.pairingCode()], in: testBed)
        }
        await expect(finished, status: 3, output: ["checking in \(CIMachine.workspace)\n"], in: testBed)
        #expect(try await machine.left().isEmpty)
    }

    private func enter(_ words: [String], in testBed: TestBed) async throws {
        let shell = try await Command.start(
            testBed.ssh(words, as: "alice", options: ["-t"]), terminal: try PseudoTerminal(columns: 200)
        ) { shell in
            try await shell.output.wait(for: "# ")
            try await shell.write("echo \"$PWD is $COLOUR\" $(cat result.txt); exit 5\n")
            try await shell.output.wait(for: "[y/N] ")
            try await shell.write("y\n")
        }
        await expect(shell, status: 5, output: ["\(CIMachine.workspace) is dark red 7 parts"], in: testBed)
    }

    /// A gateway that is away costs at most the time that the lines give it.
    @Test func withoutAGatewayTheStepIsAsItWas() async throws {
        let testBed = try await SharedTestBed.get()
        let alice = Person(testBed: testBed, name: "alice")
        let help = try await alice.run(["ssh"] + alice.gateway + ["help", "attach"])
        let machine = try await CIMachine.make(in: testBed)
        let secret = try await CISecret.make(in: testBed)
        let block = try #require(Self.blocks(help.text).first)
            .replacing("-p \(testBed.port(of: .builds)) ", with: "-p \(try TestBed.freePort()) ")
        let start = ContinuousClock.now
        let finished = try await machine.step(block, ["SALLYPORT_ATTACH_KEY": secret.key])
        await expect(finished, status: 3, in: testBed)
        #expect(finished.text == "checking in \(CIMachine.workspace)\n")
        #expect(start.duration(to: .now) < .seconds(20))
        #expect(try await machine.left().isEmpty)
    }

    @Test func theArchiveArrivesWhole() async throws {
        let testBed = try await SharedTestBed.get()
        _ = try await AttachFiles.serve(in: testBed)
        let fetched = try await Command.run(testBed.ssh(["attach-bundle"], as: "bob"))
        #expect(fetched.status == 0 && fetched.errors.isEmpty, "\(fetched.errorText)")
        let file = URL(filePath: "\(AttachFiles.folder)/\(AttachFiles.archive)")
        expectSame(fetched.output, as: Array(try Data(contentsOf: file)))
        let missing = try await Command.run(testBed.ssh(["attach-bundle", "arm64"], as: "bob"))
        await expect(missing, status: 69, errors: ["no archive"], in: testBed)
    }
}
