import Foundation
import Presentation
import Testing

@testable import Gateway

/// The ssh in a ProxyCommand does nothing that a person has set for sessions of their own.
@Suite struct BytesOnlySSHTests {
    private static let ssh = BytesOnlySSH(
        plain: GatewayCommandLine(account: "builds", host: "builds.example.org", port: 22))

    /// What ssh would do, with these lines for all hosts.
    private static func settings(_ lines: String) throws -> [Substring] {
        let scratch = try Scratch()
        try scratch.write("Host *\n" + lines + "\n", "config")
        let read = try scratch.run("sh", "-c", ssh("proxy %h", program: "ssh -G -F config"))
        #expect(read.status == 0 && read.errors.isEmpty, "\(read)")
        return read.output.split(separator: "\n")
    }

    @Test(arguments: [
        ("RequestTTY force", "requesttty false"), ("RequestTTY yes", "requesttty false"),
        ("ForwardAgent yes", "forwardagent no"), ("ForwardX11 yes", "forwardx11 no"),
        ("LocalForward 8080 localhost:80", "clearallforwardings yes"), ("Tunnel yes", "tunnel false"),
        ("PermitLocalCommand yes\nLocalCommand echo hello", "permitlocalcommand no"),
        ("SessionType none", "sessiontype default"), ("SessionType subsystem", "sessiontype default"),
        ("StdinNull yes", "stdinnull no"), ("ForkAfterAuthentication yes", "forkafterauthentication no"),
        ("Compression yes", "compression no"),
        // Another version's settings, whether or not the person has named them.
        ("IgnoreUnknown UseKeychain\nUseKeychain yes", "compression no"), ("Newer yes", "compression no"),
    ]) func whatIsForSessionsDoesNotCount(lines: String, setting: String) throws {
        let settings = try Self.settings(lines)
        #expect(settings.contains { $0 == setting }, "\(settings)")
    }

    @Test(arguments: ["RemoteCommand tmux", "ControlMaster auto\nControlPath ~/.ssh/%C\nControlPersist yes"])
    func nothingIsLeftOf(lines: String) throws {
        let settings = try Self.settings(lines)
        #expect(
            !settings.contains { $0.hasPrefix("remotecommand") || $0.hasPrefix("controlpath") }, "\(settings)"
        )
    }

    @Test(arguments: [
        ("Port 2200", "port 2200"), ("HostName elsewhere.example.org", "hostname elsewhere.example.org"),
        ("ProxyJump jump.example.org", "proxyjump jump.example.org"),
        ("IdentitiesOnly yes", "identitiesonly yes"),
        ("IdentityFile ~/.ssh/work", "identityfile ~/.ssh/work"), ("HostKeyAlias gate", "hostkeyalias gate"),
        ("LogLevel DEBUG", "loglevel DEBUG"), ("ConnectTimeout 5", "connecttimeout 5"),
        ("BatchMode yes", "batchmode yes"),
    ]) func theWayToTheGatewayStaysThePersons(line: String, setting: String) throws {
        let settings = try Self.settings(line)
        #expect(settings.contains { $0 == setting }, "\(settings)")
    }

    /// ssh gives a ProxyCommand to the person's login shell.
    @Test(arguments: Shell.all) func everyShellReadsItAlike(shell: String) throws {
        let scratch = try Scratch()
        try scratch.write("#!/bin/sh\nprintf '%s\\n' \"$@\"\n", "bin/ssh", executable: true)
        let read = try scratch.run(shell, "-c", "exec " + Self.ssh("proxy job-42.builds.example.org"))
        #expect(read.status == 0, "\(read)")
        let words = read.output.split(separator: "\n")
        #expect(words.contains("-oIgnoreUnknown=*") && words.allSatisfy { !$0.contains("\"") }, "\(read)")
        #expect(words.suffix(3) == ["builds@builds.example.org", "proxy", "job-42.builds.example.org"])
    }
}
