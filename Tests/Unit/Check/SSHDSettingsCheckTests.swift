import FoundationEssentials
import Testing

@testable import Check

@Suite struct SSHDSettingsCheckTests {
    /// As `sshd -T` prints what our drop-in says.
    static let good = """
        maxauthtries 6
        maxsessions 64
        clientaliveinterval 15
        clientalivecountmax 3
        unusedconnectiontimeout 60
        hostbasedauthentication no
        pubkeyauthentication yes
        kerberosauthentication no
        gssapiauthentication no
        passwordauthentication no
        kbdinteractiveauthentication no
        x11forwarding no
        permittty yes
        permituserrc no
        allowtcpforwarding no
        allowstreamlocalforwarding no
        exposeauthinfo yes
        forcecommand none
        chrootdirectory none
        trustedusercakeys none
        authorizedprincipalscommand none
        authorizedkeyscommand /usr/local/libexec/sallyport/sallyport-dispatch %u %h %t %k
        authorizedkeyscommanduser sallyport-keys
        authorizedkeysfile none
        acceptenv LANG
        acceptenv LC_*
        setenv MAIL=
        authenticationmethods publickey
        channeltimeout *=0
        maxstartups 10:30:100
        permittunnel no
        """

    static func check(_ text: String, places: SettingPlaces = SettingPlaces(of: "/nowhere"))
        -> SSHDSettingsCheck
    {
        SSHDSettingsCheck(
            settings: EffectiveSettings(text), places: places, version: OpenSSHVersion(9, 2),
            account: "builds",
            groups: ["builds", "people"])
    }

    @Test func whatTheDropInSaysIsAllRight() {
        let results = Self.check(Self.good).results
        #expect(results.map(\.state) == [.ok] && results[0].check == "sshd.settings", "\(results)")
    }

    /// Each of them in the drop-in's place.
    @Test(
        arguments: [
            ("pubkeyauthentication", "no", .fail, "nobody can log in"),
            ("authenticationmethods", "publickey,password", .fail, "a key alone"),
            ("forcecommand", "/bin/echo forced", .fail, "instead of Sallyport's"),
            ("chrootdirectory", "/srv", .fail, "not found in that root"),
            ("exposeauthinfo", "no", .fail, "which key"),
            ("permittty", "no", .fail, "terminal"), ("maxsessions", "0", .fail, "share a connection"),
            ("authorizedkeysfile", ".ssh/authorized_keys", .fail, "without Sallyport's forced command"),
            ("trustedusercakeys", "/etc/ssh/ca.pub", .fail, "certificates"),
            ("passwordauthentication", "yes", .warn, "password"),
            ("maxauthtries", "3", .warn, "several keys"), ("allowtcpforwarding", "yes", .warn, "network"),
            ("clientaliveinterval", "0", .warn, "vanished"),
            ("unusedconnectiontimeout", "none", .warn, "ssh -N"),
            ("channeltimeout", "session=300", .warn, "nothing happens"), ("permituserrc", "yes", .warn, "rc"),
            ("acceptenv", "SSH_*", .fail, "a client can set SSH_ORIGINAL_COMMAND"),
            ("acceptenv", "*", .fail, "a client can set"), ("acceptenv", "LD_*", .fail, "LD_PRELOAD"),
            ("setenv", "SSH_ORIGINAL_COMMAND=version", .fail, "sshd itself"),
        ] as [(String, String, CheckResult.State, String)])
    func eachDeviationIsNamed(keyword: String, value: String, state: CheckResult.State, says: String) {
        var lines = Self.good.split(separator: "\n").map(String.init)
        lines.removeAll { $0.hasPrefix(keyword + " ") }
        let results = Self.check((lines + ["\(keyword) \(value)"]).joined(separator: "\n")).results
        #expect(results.map(\.check) == ["sshd.\(keyword)"] && results[0].state == state, "\(results)")
        #expect(results[0].finding.contains(says) && results[0].finding.contains(value), "\(results)")
        #expect(results[0].remedy?.contains("reload sshd") == true)
    }

    @Test(
        arguments: [
            ("allowusers root", "sshd.allowusers"), ("allowusers alice\nallowusers b?b", "sshd.allowusers"),
            ("denyusers buil*", "sshd.denyusers"), ("denygroups people", "sshd.denygroups"),
            ("allowgroups wheel", "sshd.allowgroups"), ("allowusers alice builds", nil),
            ("allowusers buil*@192.0.2.*", nil),
            ("denyusers root", nil), ("allowgroups wheel people", nil), ("denyusers builds@203.0.113.1", nil),
        ] as [(String, String?)])
    func whomSSHDLetsIn(lines: String, check: String?) {
        let results = Self.check(Self.good + "\n" + lines).results
        #expect(results.map(\.check) == [check ?? "sshd.settings"], "\(results)")
    }

    @Test func theRemedyNamesTheLineThatWins() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "sshd-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder + "/d", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        func write(_ name: String, _ text: String) throws {
            try Data(text.utf8).write(to: URL(filePath: "\(folder)/\(name)"))
        }
        try write(
            "sshd_config",
            "# a comment\nInclude d/*.conf\nPermitTTY=yes\nX11Forwarding yes # global\nAcceptEnv LANG SSH_*\n"
        )
        try write("d/10-site.conf", "Match User *\n  PermitTTY no\n\n  ForceCommand \"/bin/x y\"\n")
        try write("d/50-sallyport.conf", "Match User builds\n  PermitTTY yes\n")
        let places = SettingPlaces(of: "\(folder)/sshd_config", folder: folder)
        #expect(
            places.places(of: "permittty", with: "yes").map(\.line) == [2, 3]
                && places.places(of: "permittty", with: "yes").map(\.match) == ["User builds", nil])
        let check = Self.check(Self.good, places: places)
        let inBlock = check.remedy(for: "permittty", value: "no", wanted: "PermitTTY yes")
        #expect(
            inBlock.contains("Remove line 2 of \(folder)/d/10-site.conf, in the block `Match User *`"),
            "\(inBlock)")
        let own = check.remedy(for: "permittty", value: "yes", wanted: "PermitTTY no")
        #expect(
            own
                == "Write `PermitTTY no` in line 2 of \(folder)/d/50-sallyport.conf instead, and reload sshd.",
            "\(own)")
        let global = check.remedy(for: "x11forwarding", value: "yes", wanted: "X11Forwarding no")
        #expect(global.contains("\(folder)/sshd_config:4 says so for everybody"), "\(global)")
        var added = check
        added.settings = EffectiveSettings(Self.good + "\nacceptenv SSH_*")
        added.places = places
        #expect(
            added.results.first?.remedy
                == "Remove SSH_* from line 5 of \(folder)/sshd_config, and reload sshd.", "\(added.results)")
        let nowhere = check.remedy(for: "maxsessions", value: "10", wanted: "MaxSessions 64")
        #expect(nowhere.hasPrefix("Put `MaxSessions 64` into the block `Match User builds`"), "\(nowhere)")
    }
}
