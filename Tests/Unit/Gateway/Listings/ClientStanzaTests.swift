import BuildAPI
import Foundation
import Presentation
import Testing

@testable import Gateway

/// What people include into their ssh_config, as stock programs read it.
@Suite struct ClientStanzaTests {
    private static let suffix = "builds.example.org"

    static func stanza(
        job: String? = nil, suffix: String? = suffix, host: String = suffix, port: Int = 2222,
        windows: Bool = false
    ) -> ClientStanza {
        let line = GatewayCommandLine(account: "builds", host: host, port: port)
        return ClientStanza(
            job: job.flatMap { JobID($0) }, names: BuilderNames(suffix: suffix), user: "build",
            ssh: BytesOnlySSH(plain: line, windows: windows), request: ("ssh-config --x", "known-hosts --x"))
    }

    @Test func aStanzaSaysAllThatSSHNeeds() {
        #expect(
            Self.stanza().text.split(separator: "\n", omittingEmptySubsequences: false).dropFirst(4)
                == """

                Host job-*.builds.example.org !*;* !*&* !*|* !*$* !*`* !*<* !*>*
                    User build
                    ProxyCommand \(Self.hidden)-p 2222 builds@builds.example.org proxy %h
                    UserKnownHostsFile ~/.ssh/sallyport.builds.example.org.known_hosts
                    StrictHostKeyChecking yes
                    # The builders' host keys come from the gateway.
                    UpdateHostKeys no
                    # The gateway's connection stays up when a builder is gone.
                    ServerAliveInterval 15
                    # Whatever you have set for all hosts:
                    Port 22
                    ProxyUseFdpass no

                """.split(separator: "\n", omittingEmptySubsequences: false)[...])
    }

    private static let hidden = """
        ssh -T -a -x "-oIgnoreUnknown=*" -oClearAllForwardings=yes -oControlPath=none -oPermitLocalCommand=no \
        -oRemoteCommand=none -oSessionType=default -oStdinNull=no -oForkAfterAuthentication=no -oTunnel=no \
        -oCompression=no\u{20}
        """

    /// Each stanza, a host, and the command that leads there; nil: the host is none of ours.
    static let hosts: [(ClientStanza, String, String?)] = [
        (stanza(), "job-42.builds.example.org", "-p 2222 builds@builds.example.org proxy %h"),
        (
            stanza(port: 22), "job-42.builds.example.org",
            "-oCompression=no builds@builds.example.org proxy %h"
        ),
        (stanza(), "job-42", nil), (stanza(), "builds.example.org", nil),
        (stanza(suffix: "Builds.Example.ORG"), "job-42.builds.example.org", "proxy %h"),
        (stanza(suffix: nil), "job-42", "proxy %h"), (stanza(suffix: nil), "job-42.builds.example.org", nil),
        (stanza(suffix: nil, host: "job-gate"), "job-gate", nil),
        (stanza(suffix: "example.org", host: "job-gate.example.org"), "job-gate.example.org", nil),
        (stanza(job: "42"), "job-42.builds.example.org", "builds@builds.example.org proxy job-42"),
        (stanza(job: "42"), "job-43.builds.example.org", nil),
        (stanza(job: "aB_c"), "job-aB_c.builds.example.org", "proxy job-aB_c"),
        (
            stanza(windows: true), "job-42.builds.example.org",
            #"C:\Windows\System32\OpenSSH\ssh.exe -T -a -x -oIgnoreUnknown=* -o"#
        ),
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

    /// ssh before 7.7 takes no line of more than 1023 bytes, not even a comment.
    @Test(arguments: [false, true]) func noLineIsTooLong(windows: Bool) {
        let long = "builds.continuous-integration.department.example.org"
        let text = Self.stanza(job: "1234567", suffix: long, host: long, windows: windows).text
        #expect(text.split(separator: "\n").allSatisfy { $0.utf8.count < 1023 }, "\(text)")
        #expect(text.utf8.allSatisfy { $0 < 0x80 })
    }

    /// What a person has set for all hosts reaches the builder's own ssh only.
    @Test(arguments: [
        ("Port 2222\nProxyUseFdpass yes", ["port 22", "proxyusefdpass no"]),
        (
            "ProxyJump elsewhere\nUser alice\nUserKnownHostsFile none\nUpdateHostKeys ask",
            ["updatehostkeys false", "user build"]
        ),
    ])
    func aStanzaComesBeforeWhatIsSetForAllHosts(settings: String, lines: [String]) throws {
        let scratch = try Scratch()
        try scratch.write(Self.stanza().text + "Host *\n" + settings + "\n", "config")
        let read = try scratch.run("ssh", "-G", "-F", "config", "job-42.builds.example.org")
        for line in lines + ["proxycommand ssh -T"] {
            #expect(read.output.split(separator: "\n").contains { $0.hasPrefix(line) }, "\(read)")
        }
        #expect(!read.output.contains("proxyjump"), "\(read)")
    }
}
