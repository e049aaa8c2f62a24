import BuildAPI
import Foundation
import Testing

@testable import Gateway

/// What people include into their ssh_config, as stock programs read it.
@Suite struct ClientStanzaTests {
    private static let suffix = "builds.example.org"

    private static func stanza(
        job: String? = nil, suffix: String? = suffix, host: String = suffix, windows: Bool = false
    ) -> ClientStanza {
        ClientStanza(
            job: job.flatMap { JobID($0) }, names: BuilderNames(suffix: suffix), user: "build",
            gateway: "builds@\(host)", port: 2222, windows: windows,
            request: ("ssh-config --x", "known-hosts --x"))
    }

    @Test func aStanzaSaysAllThatSSHNeeds() {
        #expect(
            Self.stanza().text.split(separator: "\n", omittingEmptySubsequences: false).dropFirst(3)
                == """

                Host job-*.builds.example.org !*;* !*&* !*|* !*$* !*`* !*<* !*>*
                    User build
                    ProxyCommand ssh -p 2222 builds@builds.example.org proxy %h
                    UserKnownHostsFile ~/.ssh/sallyport.builds.example.org.known_hosts
                    StrictHostKeyChecking yes
                    # The builders' host keys come from the gateway.
                    UpdateHostKeys no
                    # The gateway's connection stays up when a builder is gone.
                    ServerAliveInterval 15

                """.split(separator: "\n", omittingEmptySubsequences: false)[...])
    }

    /// Each stanza, a host, and the command that leads there; nil: the host is none of ours.
    static let hosts: [(ClientStanza, String, String?)] = [
        (stanza(), "job-42.builds.example.org", "ssh -p 2222 builds@builds.example.org proxy %h"),
        (stanza(), "job-42", nil), (stanza(), "builds.example.org", nil),
        (stanza(suffix: "Builds.Example.ORG"), "job-42.builds.example.org", "proxy %h"),
        (stanza(suffix: nil), "job-42", "proxy %h"), (stanza(suffix: nil), "job-42.builds.example.org", nil),
        (stanza(suffix: nil, host: "job-gate"), "job-gate", nil),
        (stanza(suffix: "example.org", host: "job-gate.example.org"), "job-gate.example.org", nil),
        (stanza(job: "42"), "job-42.builds.example.org", "builds@builds.example.org proxy job-42"),
        (stanza(job: "42"), "job-43.builds.example.org", nil),
        (stanza(job: "aB_c"), "job-aB_c.builds.example.org", "proxy job-aB_c"),
        (stanza(windows: true), "job-42.builds.example.org", #"C:\Windows\System32\OpenSSH\ssh.exe -p 2222"#),
    ]

    @Test(arguments: hosts) func sshFindsTheWay(stanza: ClientStanza, host: String, way: String?) throws {
        let scratch = try Scratch()
        try scratch.write(stanza.text, "config")
        let settings = try scratch.run("ssh", "-G", "-F", "config", host)
        #expect(settings.status == 0, "\(settings)")
        let lines = settings.output.split(separator: "\n")
        guard let way else {
            return #expect(!lines.contains { $0.hasPrefix("proxycommand") }, "\(settings)")
        }
        #expect(lines.contains { $0.hasPrefix("proxycommand ") && $0.contains(way) }, "\(settings)")
        for line in [
            "user build", "stricthostkeychecking true",
            "updatehostkeys false", "serveraliveinterval 15", "requesttty auto", "forwardagent no",
        ] { #expect(lines.contains { $0 == line }, "no ‘\(line)’ in \(settings)") }
        #expect(lines.contains { $0.hasSuffix("/.ssh/\(stanza.file).known_hosts") }, "\(settings)")
        #expect(
            !lines.contains { $0.hasPrefix("remotecommand") && $0 != "remotecommand none" }, "\(settings)")
    }

    /// Nothing, a file of the person's own, and one that is a symbolic link; each time twice.
    @Test(arguments: [nil, "Host example.com\n    User alice\n", "linked"])
    func theLineInItsHeadInstallsItOnce(before: String?) throws {
        let scratch = try Scratch()
        try scratch.write(Self.fakeSSH, "bin/ssh", executable: true)
        if let before {
            try scratch.write(before, before == "linked" ? "dotfiles" : ".ssh/config")
            if before == "linked" {
                _ = try scratch.run("sh", "-c", "mkdir .ssh; ln -s ../dotfiles .ssh/config")
            }
        }
        for _ in 1...2 {
            let installed = try scratch.run("sh", "-c", Self.installation(of: Self.stanza()))
            #expect(installed.status == 0 && installed.errors.isEmpty, "\(installed)")
        }
        #expect(
            try scratch.read(".ssh/config") == "Include sallyport.builds.example.org.conf\n" + (before ?? ""))
        #expect(
            try scratch.read(".ssh/sallyport.builds.example.org.conf")
                == "-p 2222 \(Self.asked) ssh-config --x\n")
        #expect(
            try scratch.read(".ssh/sallyport.builds.example.org.known_hosts")
                == "-p 2222 \(Self.asked) known-hosts --x\n")
        let listing = try scratch.run("sh", "-c", "ls .ssh; find .ssh/ -follow -perm /022")
        #expect(listing.output.split(separator: "\n").count == 3, "\(listing)")
    }

    @Test func aLoginThatFailsLeavesEverythingAsItWas() throws {
        let scratch = try Scratch()
        try scratch.write("#!/bin/sh\nexit 255\n", "bin/ssh", executable: true)
        try scratch.write("Host example.com\n", ".ssh/config")
        try scratch.write("old\n", ".ssh/sallyport.builds.example.org.conf")
        #expect(try scratch.run("sh", "-c", Self.installation(of: Self.stanza())).status != 0)
        #expect(try scratch.read(".ssh/config") == "Host example.com\n")
        #expect(try scratch.read(".ssh/sallyport.builds.example.org.conf") == "old\n")
    }

    /// ssh before 7.7 takes no line of more than 1023 bytes, not even a comment.
    @Test(arguments: [false, true]) func noLineIsTooLong(windows: Bool) {
        let long = "builds.continuous-integration.department.example.org"
        let text = Self.stanza(job: "1234567", suffix: long, host: long, windows: windows).text
        #expect(text.split(separator: "\n").allSatisfy { $0.utf8.count < 1023 }, "\(text)")
        #expect(text.utf8.allSatisfy { $0 < 0x80 })
    }

    private static let asked = "builds@builds.example.org"
    private static let fakeSSH = "#!/bin/sh\necho \"$@\"\n"

    private static func installation(of stanza: ClientStanza) -> String {
        String(stanza.text.split(separator: "\n")[2].dropFirst(2))
    }
}
