import Testing

@testable import AuthorizedKeys

@Suite("An authorized_keys line")
struct AuthorizedKeysLineTests {
    private let shell = "/usr/local/libexec/sallyport/sallyport-shell"

    @Test("has a plain key, and the key again for the shell")
    func plain() throws {
        let key = try PublicKey(type: Fixtures.ed25519.type, base64: Fixtures.ed25519.base64)
        let line = try AuthorizedKeysLine(offered: key, shell: shell, config: nil, agentForwarding: false)
        #expect(line.text == #"restrict,pty,command="exec \#(shell) --key \#(key.line)" \#(key.line)"#)
    }

    @Test("for a certificate names the authority, and gives the shell the plain key inside")
    func certificate() throws {
        let offered = try PublicKey(
            type: Fixtures.ed25519Certificate.type, base64: Fixtures.ed25519Certificate.base64)
        let line = try AuthorizedKeysLine(
            offered: offered, shell: shell, config: "/etc/x.toml", agentForwarding: false)
        let plain = "\(Fixtures.ed25519.type) \(Fixtures.ed25519.base64)"
        let authority = "\(Fixtures.authority.type) \(Fixtures.authority.base64)"
        #expect(
            line.text
                == #"cert-authority,restrict,pty,command="exec \#(shell) --config /etc/x.toml --key \#(plain)" \#(authority)"#
        )
    }

    @Test("permits an agent only if the administrator does, and after `restrict`")
    func agent() throws {
        let plain = try PublicKey(type: Fixtures.ed25519.type, base64: Fixtures.ed25519.base64)
        let certificate = try PublicKey(
            type: Fixtures.ed25519Certificate.type, base64: Fixtures.ed25519Certificate.base64)
        for (key, prefix) in [(plain, ""), (certificate, "cert-authority,")] {
            let with = try AuthorizedKeysLine(offered: key, shell: shell, config: nil, agentForwarding: true)
            let without = try AuthorizedKeysLine(
                offered: key, shell: shell, config: nil, agentForwarding: false)
            #expect(with.text.hasPrefix("\(prefix)restrict,pty,agent-forwarding,command=\"exec "))
            #expect(with.text.replacing("agent-forwarding,", with: "") == without.text)
        }
    }

    @Test(
        "is not made with a path that sshd or a shell could misread",
        arguments: ["", "sallyport-shell", "/a b", "/a\"b", "/a\\", "/a\nb", "/a;b", "/a$b", "/ü"])
    func path(_ path: String) throws {
        let key = try PublicKey(type: Fixtures.ed25519.type, base64: Fixtures.ed25519.base64)
        for (shell, config) in [(path, nil), (shell, path)] {
            #expect(throws: OfferError.self) {
                try AuthorizedKeysLine(offered: key, shell: shell, config: config, agentForwarding: true)
            }
        }
    }
}

@Suite("The forced command")
struct ForcedCommandTests {
    @Test("is parsed again from exactly the text that was printed", arguments: [nil, "/etc/sallyport.toml"])
    func roundTrip(config: String?) throws {
        let key = try PublicKey(type: Fixtures.rsa.type, base64: Fixtures.rsa.base64)
        let command = try #require(ForcedCommand(shell: "/x/sallyport-shell", config: config, key: key))
        #expect(ForcedCommand(text: command.text) == command)
        let words = command.text.split(separator: " ").dropFirst().map(String.init)
        #expect(ForcedCommand(arguments: words) == command)
        for other in [
            command.text + " ", " " + command.text, command.text + " x", command.text + "\n",
            command.text + ";id",
            command.text.replacing(" --key", with: "  --key"), String(command.text.dropLast()), "", "sh",
            "--key",
        ] {
            #expect(ForcedCommand(text: other) == nil, "\(other)")
        }
    }

    @Test("never contains a certificate")
    func certificate() throws {
        let key = try PublicKey(
            type: Fixtures.ed25519Certificate.type, base64: Fixtures.ed25519Certificate.base64)
        #expect(ForcedCommand(shell: "/x", key: key) == nil)
    }
}
