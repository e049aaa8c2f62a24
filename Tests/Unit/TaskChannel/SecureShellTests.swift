import SystemPackage
import Testing

@testable import TaskChannel

@Suite("How ssh is called")
struct SecureShellTests {
    private func arguments(
        address: String, user: String = "build", folder: String = "/m", scripts: String? = nil
    ) -> [String] {
        var destination = SSHDestination(
            address: address, port: 2222, user: user, identity: "/keys/of %us", folder: .init(folder))
        if let scripts { destination.scripts = scripts }
        return SecureShell(destination).arguments("\(destination.scripts)/task-start a")
    }

    @Test("its destination is where the provider says")
    func destination() {
        let there = arguments(address: "2001:db8::7", user: "root", scripts: "~/.sallyport")
        #expect(there.suffix(4) == ["-p", "2222", "root@2001:db8::7", "~/.sallyport/task-start a"])
        #expect(arguments(address: "127.0.0.1").last == "/usr/lib/sallyport/task-start a")
    }

    @Test("the key exchange is weaker on loopback only", arguments: ["127.0.0.1", "127.1.2.3", "::1"])
    func loopback(address: String) {
        let weaker = "KexAlgorithms=curve25519-sha256"
        #expect(arguments(address: address).contains(weaker))
        for elsewhere in ["128.0.0.1", "192.0.2.127", "::10", "2001:db8::1"] {
            #expect(!arguments(address: elsewhere).contains { $0.hasPrefix("KexAlgorithms") })
        }
    }

    @Test("only the pinned host keys are accepted, and paths stay paths")
    func pins() {
        let words = arguments(address: "192.0.2.1", folder: "/100% mine")
        #expect(words.contains("StrictHostKeyChecking=yes"))
        #expect(words.contains(#"UserKnownHostsFile="/100%% mine/known_hosts""#))
        #expect(words.contains(#"IdentityFile="/keys/of %%us""#))
        #expect(
            SSHDestination.pins(["ssh-ed25519 AAAA", "ssh-rsa BBBB"])
                == "builder ssh-ed25519 AAAA\nbuilder ssh-rsa BBBB\n")
    }
}
