import EventLoop
import Glibc
import Testing

@testable import SSHClient

/// Who proves what to whom: host keys, and ours.
@Suite(.enabled(if: Sshd.canBeUsed, "needs OpenSSH's sshd, and a login shell"))
struct TrustTests {
    private let loop = EventLoop()

    init() {
        signal(SIGPIPE, SIG_IGN)
    }

    @Test func anotherHostKeyIsRefusedBeforeAnythingIsSentThatAuthenticatesUs() throws {
        let sshd = try Sshd(on: loop)
        let client = Client("true", on: loop)
        client.connect(to: try sshd.address(hostKeys: ["stranger"]), credentials: try sshd.credentials())
        client.finish()
        #expect(client.error?.code == .hostKeyMismatch && client.events == ["failed"])
        #expect(!sshd.log.contains("user"), "\(sshd.log)")
    }

    @Test func aHostKeyOfAnotherTypeIsRefusedToo() throws {
        let sshd = try Sshd(on: loop)
        try sshd.makeKey("other", type: "ecdsa")
        let client = Client("true", on: loop)
        client.connect(to: try sshd.address(hostKeys: ["other"]), credentials: try sshd.credentials())
        client.finish()
        #expect(client.error?.code == .hostKeyMismatch && client.events == ["failed"])
    }

    @Test func withoutAPinnedKeyNoneIsAccepted() throws {
        let sshd = try Sshd(on: loop)
        let client = Client("true", on: loop)
        client.connect(to: try sshd.address(hostKeys: []), credentials: try sshd.credentials())
        client.finish()
        #expect(client.error?.code == .hostKeyMismatch && client.events == ["failed"])
    }

    @Test(arguments: [true, false])
    func whereNoneIsPinnedTheCallerDecides(accepts: Bool) throws {
        let sshd = try Sshd(on: loop)
        let client = Client("exit 3", on: loop)
        var shown: [String] = []
        client.connect(to: try sshd.address(hostKeys: []), credentials: try sshd.credentials()) {
            shown.append($0)
            return accepts
        }
        client.finish()
        #expect(shown == [try sshd.publicKey("host")])
        #expect(accepts ? client.ending == .exited(status: 3) : client.error?.code == .hostKeyMismatch)
    }

    @Test func whereOneIsPinnedNobodyIsAsked() throws {
        let sshd = try Sshd(on: loop)
        let client = Client("true", on: loop)
        client.connect(
            to: try sshd.address(hostKeys: ["stranger"]), credentials: try sshd.credentials()
        ) { _ in
            Issue.record("nobody is to be asked")
            return true
        }
        client.finish()
        #expect(client.error?.code == .hostKeyMismatch)
    }

    /// Be it RSA, with its names for signatures.
    @Test(arguments: ["ed25519", "ecdsa", "rsa"]) func ofSeveralKeysABuilderShowsTheOneThatIsKnown(
        type: String
    ) throws {
        let sshd = try Sshd(on: loop)
        try sshd.makeKey("other", type: type)
        let several = try Sshd(on: loop, ["HostKey \(sshd.folder)/other"])
        var address = try several.address(hostKeys: [])
        address.hostKeys = [try sshd.publicKey("other")]
        let client = Client("exit 4", on: loop)
        client.connect(to: address, credentials: try several.credentials())
        client.finish()
        #expect(client.ending == .exited(status: 4), "\(String(describing: client.error?.debugDescription))")
    }

    /// Certificates are for people's own clients. The gateway knows the key itself, and is shown that.
    @Test func aBuilderWithACertificateIsKnownByItsKey() throws {
        let keys = try Sshd(on: loop)
        try keys.makeKey("authority")
        for name in ["job-1.gateway", "somebody-else"] {
            let made = succeeds([
                "/usr/bin/ssh-keygen", "-q", "-s", keys.folder + "/authority", "-I", "x", "-h", "-n", name,
                keys.folder + "/host.pub",
            ])
            try #require(made)
            let sshd = try Sshd(
                on: loop,
                ["HostKey \(keys.folder)/host", "HostCertificate \(keys.folder)/host-cert.pub"])
            var address = try sshd.address()
            address.hostKeys = [try keys.publicKey("host")]
            let client = Client("exit 5", on: loop)
            client.connect(to: address, credentials: try sshd.credentials())
            client.finish()
            #expect(client.ending == .exited(status: 5), "\(name)")
        }
    }

    @Test func aKeyThatTheBuilderDoesNotKnowDoesNotLetUsIn() throws {
        let sshd = try Sshd(on: loop)
        let client = Client("true", on: loop)
        client.connect(to: try sshd.address(), credentials: try sshd.credentials("stranger"))
        client.finish()
        #expect(
            client.error?.code == .authenticationFailed && client.events == ["hostKeyVerified", "failed"])
    }

    @Test func whoLetsEverybodyInIsShownOurKeyFirst() throws {
        let sshd = try Sshd(on: loop)
        let client = Client("exit 6", on: loop)
        client.connect(
            to: try sshd.address(),
            credentials: BuilderCredentials(orNone: .some(try BuilderIdentity.read(sshd.folder + "/user"))))
        client.finish()
        #expect(client.ending == .exited(status: 6))
    }

    @Test(arguments: ["", "two words", "line\nbreak", "naïve"])
    func aUserThatIsNoNameIsAMisconfiguration(name: String) throws {
        let sshd = try Sshd(on: loop)
        var address = try sshd.address()
        address.user = name
        let client = Client("true", on: loop)
        client.connect(to: address, credentials: try sshd.credentials())
        client.finish()
        #expect(client.error?.code == .misconfigured && client.events == ["failed"])
    }
}
