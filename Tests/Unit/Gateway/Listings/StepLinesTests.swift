import AuthorizedKeys
import BuildAPI
import ConfigurationFile
import EventLoop
import Foundation
import Presentation
import Testing

@testable import Gateway

/// What `help attach` prints for this very gateway.
@Suite struct StepLinesTests {
    private static func lines(
        port: Int = 22, keys: [String]? = [], hasArchive: Bool = true, pairs: Bool = true
    ) -> StepLines {
        StepLines(
            gateway: GatewayCommandLine(account: "builds", host: "gw.example.org", port: port),
            hostKey: TestSession.key, keys: keys, hasArchive: hasArchive,
            pairs: pairs)
    }

    /// The lines to paste: with a secret, and without one.
    private static func blocks(_ text: String) -> [String] {
        var blocks: [String] = []
        for line in text.split(separator: "\n") where line.hasPrefix("    ") {
            if line.contains("export ") { blocks.append("") }
            if !blocks.isEmpty { blocks[blocks.count - 1] += line.dropFirst(4) + "\n" }
        }
        return blocks.map { $0.prefix(through: $0.firstRange(of: "make check")!.upperBound).description }
    }

    private static let key = ["SALLYPORT_ATTACH_KEY": "the key"]

    private func expectNothingElse(_ outcome: PastedLines.Outcome) {
        #expect(outcome.status == 3 && outcome.keepsVariables, "\(outcome)")
        #expect(outcome.checkout == PastedLines.checkout && outcome.left.isEmpty, "\(outcome)")
    }

    @Test(arguments: ["dash", "bash", "ash", "ksh"]) func theScriptRunsTheCommand(shell: String) throws {
        let blocks = Self.blocks(Self.lines(port: 2222).text)
        try #require(blocks.count == 2, "\(blocks)")
        let fetching = try PastedLines.run(
            blocks[0], in: shell,
            ssh: #"""
                case $* in *" -o UserKnownHostsFile=host -o GlobalKnownHostsFile=/dev/null "*) ;; *) exit 1 ;; esac
                case $* in "-n -F none -i key "*" -p 2222 builds@gw.example.org attach-bundle $(uname -m)") ;; *) exit 1 ;; esac
                [ "$(stat -c %a key)" = 600 ] && cat key host >&2 && cat "$ARCHIVE"
                """#, variables: Self.key)
        expectNothingElse(fetching)
        #expect(fetching.errors == "the key\nsallyport \(TestSession.key.line)\n", "\(fetching)")
        #expect(
            fetching.output == "script: builds@gw.example.org --port 2222 -- make check\nmade check\n",
            "\(fetching)")
        let pairing = try PastedLines.run(blocks[1], in: shell)
        expectNothingElse(pairing)
        #expect(
            pairing.output == "script: --pair builds@gw.example.org --port 2222 -- make check\nmade check\n",
            "\(pairing)")
    }

    /// Whatever goes wrong with the archive or the secret, the step's result is its command's.
    @Test(
        arguments: ["dash", "bash", "ash", "ksh"],
        ["exit 255", "exit 0", "head -c 100 \"$ARCHIVE\"", "echo garbage"])
    func withoutTheScriptTheCommandRunsAlone(shell: String, ssh: String) throws {
        let blocks = Self.blocks(Self.lines().text)
        for variables in [Self.key, [:]] {
            let finished = try PastedLines.run(blocks[0], in: shell, ssh: ssh, variables: variables)
            expectNothingElse(finished)
            #expect(finished.output == "made check\n", "\(finished)")
        }
        let finished = try PastedLines.run(
            "rm sallyport-attach.tar.gz; touch sallyport-attach.tar.gz\n\(blocks[1])", in: shell)
        expectNothingElse(finished)
        #expect(finished.output == "made check\n", "\(finished)")
    }

    /// A shell that prints its commands does not print the key.
    @Test(arguments: ["dash", "bash", "ash", "ksh"]) func aTraceDoesNotShowTheKey(shell: String) throws {
        let block = Self.blocks(Self.lines().text)[0]
        let finished = try PastedLines.run(
            "set -x\n\(block)", in: shell, ssh: "cat \"$ARCHIVE\"", variables: Self.key)
        #expect(finished.status == 3 && finished.errors.contains("make check"), "\(finished)")
        #expect(!finished.errors.contains("the key"), "\(finished)")
    }

    @Test func itSaysHowToMakeAKeyToWhoeverHasNone() {
        for keys in [nil, []] as [[String]?] {
            let text = Self.lines(keys: keys).text
            #expect(text.contains("ssh-keygen ") && text.contains("keys add --attach-only --expires 90d"))
        }
        let text = Self.lines(keys: ["SHA256:abc ci"]).text
        #expect(text.contains("You have one: SHA256:abc ci\n") && !text.contains("keys add"))
    }

    @Test func whereNobodyPairsThereIsNothingAboutIt() {
        let text = Self.lines(pairs: false).text
        #expect(Self.blocks(text).count == 1 && !text.contains("--pair") && !text.contains("adopt"))
    }

    @Test func itFitsAScreen() {
        let lines = (HelpCommand.text(about: "attach") + "\n" + Self.lines(port: 22222).text).split(
            separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count <= 40, "\(lines.count)")
        // A host key is longer than that.
        #expect(lines.allSatisfy { $0.count <= 115 || $0.contains("AAAA") }, "\(lines)")
    }

    private func help(_ topic: String, configuring change: @escaping (TestSession) -> Void) throws -> String {
        let scratch = try Scratch()
        try scratch.write("\(TestSession.key.line) root@host\n", "key.pub")
        let test = TestSession(on: EventLoop()) { configuration in
            configuration.gateway.hostKey = scratch.folder.path + "/key.pub"
            configuration.gateway.publicHost = "gw.example.org"
            configuration.gateway.attachBundles = scratch.folder.path
        }
        change(test)
        _ = HelpCommand(topic: topic).run(for: try Fixture.known(Fixture.alice), in: test.context)
        #expect(test.context.client.run() == .success)
        return test.said.output
    }

    @Test func onlyTheHelpOfAttachHasThem() throws {
        let text = try help("attach") { $0.service.machines = MemoryAttachments() }
        #expect(text.hasPrefix(HelpCommand.text(about: "attach")))
        #expect(text.contains("export SALLYPORT_ATTACH_HOST_KEY='\(TestSession.key.line)'\n"))
        #expect(text.contains("make attach-bundle install-bundle"))
        #expect(
            try help("attach-bundle") { $0.service.machines = MemoryAttachments() }
                == HelpCommand.text(about: "attach-bundle"))
        // This build service takes no such machine.
        #expect(try help("attach") { _ in } == HelpCommand.text(about: "attach"))
    }

    /// The configuration of a runner counts if it is that of the build service.
    @Test func thePairingOfTheRunnerCountsForThatRunner() throws {
        func pairs(_ url: String, _ pairing: Bool, offered: Bool = true) throws -> Bool {
            let test = TestSession(on: EventLoop()) { configuration in
                configuration.service.url = url
                configuration.runner.socket = "/run/runner.sock"
                configuration.runner.limits.pairing = pairing
            }
            test.service.machines = MemoryAttachments()
            test.service.waiting = offered ? MemoryPairings() : nil
            _ = HelpCommand(topic: "attach").run(for: try Fixture.known(Fixture.alice), in: test.context)
            #expect(test.context.client.run() == .success)
            return test.said.output.contains("--pair ")
        }
        #expect(try pairs("unix:/run/runner.sock", true))
        #expect(try !pairs("unix:/run/runner.sock", false))
        #expect(try pairs("https://builds.example.org", false))
        #expect(try !pairs("https://builds.example.org", true, offered: false))
    }

    @Test func aKeyOfTheirsForAttachingIsNamed() throws {
        func key(_ fingerprint: String, _ limits: [Key.Limit]?) -> Key {
            Key(
                fingerprint: fingerprint, type: "", key: "", comment: "ci\u{1b}", owner: Fixture.alice,
                suspended: false, limits: limits)
        }
        let text = try help("attach") { test in
            test.service.machines = MemoryAttachments()
            test.service.offersSelfService = true
            test.service.listedKeys = [
                key("SHA256:own", nil), key("SHA256:pending", [.attach, .confirm]),
                key("SHA256:ci", [.attach]),
            ]
        }
        #expect(text.contains("You have one: SHA256:ci ci?") && !text.contains("\u{1b}"))
    }
}
