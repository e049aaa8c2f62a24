import BuildAPI
import Foundation
import SystemPackage
import Testing

@testable import TaskChannel

@Suite("How ssh is called")
struct SecureShellTests {
    private func arguments(
        address: String, user: String = "build", folder: String = "/m", scripts: String? = nil
    ) -> [String] {
        var destination = SSHDestination(
            endpoint: .address(address, port: 2222), user: user, identity: "/keys/of %us",
            folder: .init(folder))
        if let scripts { destination.scripts = scripts }
        return SecureShell(destination).arguments("\(destination.scripts)/task-start a")
    }

    @Test("its destination is where the provider says")
    func destination() {
        let there = arguments(address: "2001:db8::7", user: "root", scripts: "~/.sallyport")
        #expect(there.suffix(4) == ["-p", "2222", "root@2001:db8::7", "~/.sallyport/task-start a"])
        #expect(arguments(address: "127.0.0.1").last == "/usr/lib/sallyport/task-start a")
    }

    /// As a shell and ssh read it, whatever is in the path.
    @Test(
        "a connection comes from a socket, through this very program",
        arguments: ["/run/42", "/run/it's 100%"])
    func socket(path: String) throws {
        let destination = SSHDestination(
            endpoint: .socket(path: path), user: "build", identity: "/i", folder: "/m")
        let words = SecureShell(destination).arguments("true")
        #expect(words.suffix(2) == ["build@builder", "true"] && !words.contains("-p"))
        #expect(words.contains("ProxyUseFdpass=yes"))
        #expect(words.contains("KexAlgorithms=curve25519-sha256"))
        let option = try #require(words.first { $0.hasPrefix("ProxyCommand=") })
        let line = option.dropFirst("ProxyCommand=".count).replacing("%%", with: "%")
        let shell = Process()
        let output = Pipe()
        shell.executableURL = URL(filePath: "/bin/sh")
        shell.arguments = ["-c", "printf '%s\\n' \(line)"]
        shell.standardOutput = output
        try shell.run()
        let printed = output.fileHandleForReading.readDataToEndOfFile()
        shell.waitUntilExit()
        let program = "/proc/\(getpid())/exe"
        #expect(String(decoding: printed, as: UTF8.self) == "\(program)\nreach-builder\n\(path)\n")
    }

    @Test("a machine that has dialled is reached by its gateway's socket, with our key")
    func dialled() throws {
        let destination = SSHDestination(
            endpoint: .socket(path: "/run/a"), user: "build", identity: "/i", folder: "/m",
            attachedKey: "ssh-ed25519 AAAA")
        let words = SecureShell(destination).arguments("true")
        #expect(!words.contains { $0.hasPrefix("ProxyUseFdpass") || $0.hasPrefix("KexAlgorithms") })
        let option = try #require(words.first { $0.hasPrefix("ProxyCommand=") })
        #expect(option.hasSuffix("'reach-attached-machine' '/run/a' 'ssh-ed25519 AAAA'"))
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
