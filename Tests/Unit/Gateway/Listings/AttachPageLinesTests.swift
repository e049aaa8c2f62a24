import Foundation
import TestSupport
import Testing

@testable import Gateway

/// The lines of docs/attach and of README.md in steps whose shell is strict, without any gateway.
@Suite struct AttachPageLinesTests {
    static let pages = [
        "github-actions", "gitlab-ci", "jenkins", "buildbot", "woodpecker-forgejo", "kubernetes", "docker",
        "shell",
    ]

    /// What the CIs set, and the pages say to set; without the secret.
    private static let variables = [
        "SALLYPORT_ATTACH_HOST_KEY": "ssh-ed25519 AAAA", "RUNNER_DEBUG": "1",
        "GITHUB_SERVER_URL": "https://github.example", "GITHUB_REPOSITORY": "team/parser",
        "GITHUB_RUN_ID": "17",
        "GITHUB_RUN_NUMBER": "17", "CI_JOB_URL": "https://gitlab.example/17", "CI_JOB_TIMEOUT": "3600",
        "CI_JOB_STARTED_AT": "2026-11-29T12:00:00Z", "BUILD_URL": "https://ci.example/my job/17",
        "CI_PIPELINE_URL": "https://woodpecker.example/17", "CI_PIPELINE_STARTED": "1795953600",
        "POD_NAME": "check-x7k2p",
    ]
    private static let secret = ["SALLYPORT_ATTACH_KEY": "the key", "SALLYPORT_KEY_FILE": "/dev/null"]

    private static func steps(of page: String) throws -> [String] {
        let steps = try AttachPage(page).steps.filter { $0.contains("make check") }
        try #require(!steps.isEmpty, "\(page)")
        return steps
    }

    private static func switched(on page: String) -> [String: String] {
        variables.merging(["SALLYPORT": page == "jenkins" ? "true" : "1"]) { $1 }
    }

    private func expectNothingElse(_ outcome: PastedLines.Outcome, of step: String, in shell: String) {
        #expect(outcome.status == 3, "\(outcome) \(step)")
        #expect(outcome.checkout == PastedLines.checkout, "\(outcome) \(step)")
        // With exec there is no shell that has variables, or could remove anything: such a container is gone then.
        guard !step.contains("exec ") else { return }
        #expect(outcome.keepsVariables && outcome.left.isEmpty, "\(outcome) \(step)")
    }

    @Test(arguments: pages, ["bash", "dash"])
    func theScriptRunsTheCommand(page: String, shell: String) throws {
        for step in try Self.steps(of: page) where !step.contains("/opt/") {
            let archive = "cp \"$ARCHIVE\" \"$1\""
            let outcome = try PastedLines.run(
                step.replacing("busybox wget", with: "wget"), in: shell, ssh: "cat \"$ARCHIVE\"",
                fetch: archive,
                variables: Self.switched(on: page).merging(Self.secret) { $1 })
            expectNothingElse(outcome, of: step, in: shell)
            let pairing = step.contains("--pair ") ? "--pair " : ""
            #expect(outcome.output.contains("script: \(pairing)builds@gateway.example.org "), "\(outcome)")
            #expect(outcome.output.hasSuffix(" -- make check\nmade check\n"), "\(outcome)")
        }
    }

    /// Switched off, and without anything that a CI sets; without the secret, the gateway and the web server; or with another file
    /// than the archive.
    @Test(arguments: pages, ["bash", "dash"])
    func theCommandRunsInAnyCase(page: String, shell: String) throws {
        let on = Self.switched(on: page)
        let cases: [(variables: [String: String], arrives: String)] = [
            ([:], "exit 1"), (on, "exit 1"), (on.merging(Self.secret) { $1 }, "echo garbage"),
        ]
        for step in try Self.steps(of: page) where !step.contains("/opt/") {
            for (variables, arrives) in cases {
                // The one with the archive in the checkout fetches nothing.
                guard variables.isEmpty || !step.contains("tar xzf sallyport-attach.tar.gz -C") else {
                    continue
                }
                let outcome = try PastedLines.run(
                    step.replacing("busybox wget", with: "wget"), in: shell, ssh: arrives,
                    fetch: "\(arrives) >\"$1\"", variables: variables)
                expectNothingElse(outcome, of: step, in: shell)
                #expect(outcome.output.hasSuffix("made check\n"), "\(outcome)")
                #expect(!outcome.output.contains("script:"), "\(outcome)")
                if variables.isEmpty { #expect(outcome.errors.isEmpty, "\(outcome)") }
            }
        }
    }

    /// Those of pages that have the script in the image or on the worker.
    @Test(arguments: ["docker", "buildbot"], ["bash", "dash"])
    func whereTheScriptIsThereItRuns(page: String, shell: String) throws {
        for step in try Self.steps(of: page) {
            #expect(step.contains("/opt/sallyport-attach/"))
            let folder = "tar xzf \"$ARCHIVE\" -C \"$HOME\"\n"
            let outcome = try PastedLines.run(
                folder + step.replacing("/opt/", with: "\"$HOME\"/"), in: shell,
                variables: Self.switched(on: page))
            expectNothingElse(outcome, of: step, in: shell)
            #expect(outcome.output.hasPrefix("script: "), "\(outcome)")
            let without = try PastedLines.run(step, in: shell, variables: ["BUILD_URL": "https://ci.example"])
            expectNothingElse(without, of: step, in: shell)
            #expect(without.output == "made check\n" && without.errors.isEmpty, "\(without)")
        }
    }

    @Test(arguments: ["bash", "dash", "ash", "ksh"])
    func thoseOfTheReadmeWork(shell: String) throws {
        let text = try Project.text(of: "README.md")
        let block = try #require(
            text.matches(of: #/```sh\n([\s\S]*?)```/#).first { $0.1.contains("make check") })
        let outcome = try PastedLines.run(String(block.1), in: shell)
        expectNothingElse(outcome, of: String(block.1), in: shell)
        #expect(
            outcome.output == "script: --pair builds@gateway -- make check\nmade check\n", "\(outcome)")
    }

    /// A key of the gateway that this machine happens to know is not learned from it.
    @Test func everySSHKnowsOnlyTheKeyThatItIsGiven() throws {
        var count = 0
        for step in try Self.pages.flatMap(Self.steps) where step.contains(" ssh -n") {
            count += 1
            #expect(
                step.contains("-o UserKnownHostsFile=host -o GlobalKnownHostsFile=/dev/null"), "\(step)")
            #expect(step.contains(#"attach-bundle "$(uname -m)" "#), "\(step)")
        }
        #expect(count == 2)
    }
}
