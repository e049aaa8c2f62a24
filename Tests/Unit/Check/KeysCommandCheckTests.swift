import AuthorizedKeys
import Testing

@testable import Check

@Suite struct KeysCommandCheckTests {
    static let key = try! PublicKey(
        type: "ssh-ed25519", base64: "AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f")
    static let ours = "/usr/local/libexec/sallyport/sallyport-dispatch"

    static func check(_ command: String?, version: OpenSSHVersion = OpenSSHVersion(9, 2)) -> KeysCommandCheck
    {
        var settings = SSHDSettingsCheckTests.check(
            command.map { "authorizedkeyscommand \($0)" } ?? "port 22")
        settings.version = version
        return KeysCommandCheck(settings: settings, key: key, home: "/")
    }

    @Test(
        arguments: [
            ("\(ours) %u %h %t %k", .ok, "sshd asks \(ours)"),
            ("\(ours) --admission known --agent-forwarding %u %h %t %k", .ok, "sshd asks"),
            (nil, .fail, "asks no program"), ("none", .fail, "asks no program"),
            ("/usr/bin/sss_ssh_authorizedkeys %u", .fail, "asks /usr/bin/sss_ssh_authorizedkeys"),
            ("\(ours) %u %h %t %k %C", .fail, "does not know %C"),
            ("\(ours) %u %h %t %k 100%", .fail, "does not know %"),
            ("\(ours) %u %h %t", .fail, "expected four arguments"),
            ("\(ours) --admision known %u %h %t %k", .fail, "an unknown option"),
            ("\(ours) --account second %u %h %t %k", .fail, "answers for the account second"),
        ] as [(String?, CheckResult.State, String)])
    func theProgramAndItsArguments(command: String?, state: CheckResult.State, says: String) {
        let result = Self.check(command).result
        #expect(result.state == state && result.finding.contains(says), "\(result)")
        #expect((result.remedy == nil) == (state == .ok))
    }

    @Test func laterVersionsKnowMoreTokens() {
        let command = KeysCommand("\(Self.ours) %C %D %u")
        #expect(command?.unknownTokens(of: OpenSSHVersion(9, 3)) == ["%C", "%D"])
        #expect(command?.unknownTokens(of: OpenSSHVersion(9, 4)) == [])
        #expect(command?.unknownTokens(of: OpenSSHVersion(10, 0)) == [])
    }

    @Test func theDispatcherIsAskedAsSSHDAsks() throws {
        let command = try #require(KeysCommand("\(Self.ours) --config /x%%y %u %h %t %k"))
        #expect(
            command.words(for: Self.key, account: "builds", home: "/home")
                == [Self.ours, "--config", "/x%y", "builds", "/home", "ssh-ed25519", Self.key.base64])
    }

    @Test(
        arguments: [
            ("OpenSSH_9.2p1 Debian-2+deb12u7, OpenSSL 3.0.17 1 Jul 2025", OpenSSHVersion(9, 2)),
            ("unknown option -- V\nOpenSSH_10.0p2, OpenSSL 3.5.1\nusage: sshd", OpenSSHVersion(10, 0)),
            ("bash: sshd", nil),
            ("OpenSSH_for_Windows", nil),
        ] as [(String, OpenSSHVersion?)])
    func versions(text: String, version: OpenSSHVersion?) {
        #expect(OpenSSHVersion(in: text) == version)
    }

    @Test(
        arguments: [
            ("sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups", ["/usr/sbin/sshd"]),
            (
                "sshd: /usr/sbin/sshd -D -f /etc/ssh/second -o PermitTTY no -p2222 -E /tmp/log -4 [listener] 1 of 10-100",
                ["/usr/sbin/sshd", "-f", "/etc/ssh/second", "-o", "PermitTTY no", "-p", "2222", "-4"]
            ),
            ("sshd: alice [priv]", nil), ("/usr/sbin/sshd -D", nil), ("sshd:  [listener]", nil),
        ] as [(String, [String]?)])
    func whatAListenerCallsItself(title: String, words: [String]?) {
        #expect(SSHDProgram.words(inTitle: title) == words)
    }

    @Test func aListenerIsRootsAlone() {
        #expect(SSHDProgram.isRootsAlone("Name:\tsshd\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n"))
        // As su(1) has it while it asks for a password.
        #expect(
            !SSHDProgram.isRootsAlone("Name:\tsu\nUid:\t65534\t0\t0\t0\n") && !SSHDProgram.isRootsAlone(""))
    }

    @Test func theProgramsAreBelowThePrefixOfTheTool() {
        #expect(Installation.programs(besideTool: "/usr/bin/sallyport") == "/usr/libexec/sallyport")
        #expect(Installation.programs(besideTool: "/opt/x/sallyport") == nil)
    }
}
