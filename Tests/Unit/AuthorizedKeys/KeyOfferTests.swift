import Testing

@testable import AuthorizedKeys

@Suite("What sshd asks")
struct KeyOfferTests {
    private let positional = ["builds", "/root", Fixtures.ed25519.type, Fixtures.ed25519.base64]

    @Test("is four arguments after the options")
    func arguments() throws {
        let plain = try KeyOffer(arguments: ["dispatch"] + positional)
        #expect(
            plain.account == "builds" && plain.user == "builds" && plain.shell == nil && plain.config == nil)
        let offer = try KeyOffer(
            arguments: ["dispatch", "--account", "ci", "--shell", "/s", "--config", "/c"] + ["git"]
                + positional.dropFirst())
        #expect(offer.account == "ci" && offer.user == "git" && offer.shell == "/s" && offer.config == "/c")
    }

    @Test(
        "permits agents only if an option before the four arguments says so",
        arguments: [
            ([], false), (["--agent-forwarding"], true), (["--agent-forwarding", "--config", "/c"], true),
            (["--config", "/c", "--agent-forwarding"], true),
            (["--agent-forwarding", "--admission", "known", "--agent-forwarding"], true),
            // The value of another option.
            (["--config", "--agent-forwarding"], false),
        ])
    func agent(options: [String], isPermitted: Bool) throws {
        let offer = try KeyOffer(arguments: ["dispatch"] + options + positional)
        #expect(offer.agentForwarding == isPermitted)
        let sentByClient = try KeyOffer(
            arguments: ["dispatch"] + options + ["builds", "--agent-forwarding"] + positional.dropFirst(2))
        #expect(sentByClient.agentForwarding == isPermitted)
    }

    @Test("permits keys without a touch only if an option before the four arguments says so")
    func touch() throws {
        for (options, isPermitted) in [
            ([], false), (["--no-touch-required"], true), (["--config", "--no-touch-required"], false),
        ] {
            let offer = try KeyOffer(arguments: ["dispatch"] + options + positional)
            #expect(offer.noTouchRequired == isPermitted)
            let command = KeyLookupCommand(offer, shell: "/s", deadline: 12)
            #expect(try KeyLookupCommand(arguments: command.arguments).offer.noTouchRequired == isPermitted)
            let line = try AuthorizedKeysLine(
                offered: offer.key, shell: "/s", config: nil, agentForwarding: true,
                noTouchRequired: offer.noTouchRequired)
            let touch = isPermitted ? "no-touch-required," : ""
            #expect(line.text.hasPrefix("restrict,pty,agent-forwarding,\(touch)command="))
        }
    }

    @Test(
        "is refused when anything is odd",
        arguments: [
            [], ["builds"], ["builds", "/root", Fixtures.ed25519.type],
            ["", "/root", Fixtures.ed25519.type, Fixtures.ed25519.base64],
            ["x", "builds", "/root", Fixtures.ed25519.type, Fixtures.ed25519.base64],
            ["--shell", "builds", "/root", Fixtures.ed25519.type, Fixtures.ed25519.base64],
            ["--nonsense", "x", "builds", "/root", Fixtures.ed25519.type, Fixtures.ed25519.base64],
            ["--agent-forwarding", "yes", "builds", "/root", Fixtures.ed25519.type, Fixtures.ed25519.base64],
            ["--account", "", "builds", "/root", Fixtures.ed25519.type, Fixtures.ed25519.base64],
            ["builds", "/root", Fixtures.ed25519.type, Fixtures.ed25519.base64, "more"],
            ["builds", "/root", "ssh-rsa", Fixtures.ed25519.base64],
        ])
    func odd(_ arguments: [String]) {
        #expect(throws: OfferError.self) { try KeyOffer(arguments: ["dispatch"] + arguments) }
        #expect(throws: OfferError.self) { try KeyOffer(arguments: []) }
    }
}

@Suite("The lookup of a key")
struct KeyLookupCommandTests {
    private let positional = ["builds", "/root", Fixtures.ed25519.type, Fixtures.ed25519.base64]

    @Test("is parsed again from exactly these arguments", arguments: [nil, "/c"], [false, true])
    func roundTrip(config: String?, agentForwarding: Bool) throws {
        let options =
            ["--admission", "known", "--account", "builds"] + (config.map { ["--config", $0] } ?? [])
            + (agentForwarding ? ["--agent-forwarding"] : [])
        let offer = try KeyOffer(arguments: ["dispatch"] + options + positional)
        let command = KeyLookupCommand(offer, shell: "/s", deadline: 12)
        let read = try KeyLookupCommand(arguments: command.arguments)
        #expect(read.deadline == 12 && read.shell == "/s" && read.offer.config == config)
        #expect(read.offer.agentForwarding == agentForwarding)
        #expect(read.offer.user == "builds" && read.offer.account == "builds" && read.offer.key == offer.key)
    }

    @Test(
        "is refused when anything is odd",
        arguments: [
            [], ["/s"], ["/s", "authorize-key"], ["/s", "authorize-key", "--deadline", "x"],
            ["/s", "authorize-key", "--deadline", "1", "--shell", "/s"],
            [
                "/s", "authorize-key", "--deadline", "1", "builds", "/", Fixtures.ed25519.type,
                Fixtures.ed25519.base64,
            ],
        ])
    func odd(_ arguments: [String]) {
        #expect(throws: OfferError.self) { try KeyLookupCommand(arguments: arguments) }
    }
}

@Suite("SHA-256 and base64")
struct EncodingTests {
    @Test(
        "digest like the examples of FIPS 180-4",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
            (
                String(repeating: "a", count: 1000),
                "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3"
            ),
        ])
    func digest(message: String, expected: String) {
        let hex = SHA256.digest(of: Array(message.utf8)).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }
        #expect(hex.joined() == expected)
    }

    @Test("encode and decode every length")
    func roundTrip() {
        for length in 0..<70 {
            let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ length) }
            #expect(Base64.decode(Base64.encode(bytes).utf8) == bytes)
        }
    }

    @Test(
        "refuse base64 that is not canonical",
        arguments: ["A", "AA", "AAA", "AB==", "AAB=", "A===", "====", "AA==AAAA", "AA=A"])
    func notCanonical(_ text: String) {
        #expect(Base64.decode(text.utf8) == nil)
    }
}
