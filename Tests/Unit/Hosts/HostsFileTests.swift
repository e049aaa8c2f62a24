import AllocatorPrograms
import ConfigurationFile
import Foundation
import TestSupport
import Testing

@testable import Hosts

@Suite("hosts.toml") struct HostsFileTests {
    private let machine = """
        [hosts.machine.m1]
        address = "192.0.2.7"
        user = "build"
        host_keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f m1"]
        reuse = "trusted"
        """
    private let head = "[hosts]\nidentity = \"/etc/sallyport/hosts_ed25519\"\n"

    @Test("a short file has defaults")
    func defaults() throws {
        let file = try HostsFile.parse(head + machine, path: "/h")
        #expect(file.state == "/var/lib/sallyport/hosts")
        let host = try #require(file.hosts.first)
        #expect(host.port == 22)
        #expect(host.identity == "/etc/sallyport/hosts_ed25519")
        #expect(host.hostKeys.first?.hasSuffix(" m1") == false)
        #expect(host.tags == [] && host.arch == nil && host.clean == nil && host.reset == nil)
    }

    @Test("root's machine has to be made new")
    func root() throws {
        let root = head + machine.replacing("\"build\"", with: "\"root\"")
        let reset = try HostsFile.parse(root + "\nreset = [\"/usr/local/sbin/reset\", \"m1\"]\n", path: "/h")
        #expect(reset.hosts.first?.reset == ["/usr/local/sbin/reset", "m1"])
        #expect(throws: ConfigurationError.self) { try HostsFile.parse(root, path: "/h") }
        #expect(throws: ConfigurationError.self) {
            try HostsFile.parse(root + "\nreset = \"/r\"\nclean = \"rm -rf x\"\n", path: "/h")
        }
    }

    @Test(
        "a mistake is named, with its key",
        arguments: [
            ("reuse = \"trusted\"", "", "reuse"), ("\"trusted\"", "\"all\"", "reuse"),
            ("\"192.0.2.7\"", "\"m1.example.org\"", "address"), ("\"build\"", "\"-oProxyCommand=x\"", "user"),
            ("\"build\"", "\"a b\"", "user"), ("ssh-ed25519 AAAA", "ssh-rsa AAAA", "host_keys"),
            ("[\"ssh-ed25519", "[\"\", \"ssh-ed25519", "host_keys"),
            ("m1]", "\"../m1\"]", "machine"), ("reuse", "re_use", "re"),
            ("reuse", "reset = \"power-cycle\"\nreuse", "reset"),
            ("reuse", "port = 0\nreuse", "port"),
        ])
    func mistakes(what: String, by other: String, key: String) {
        let error = #expect(throws: ConfigurationError.self) {
            try HostsFile.parse(head + machine.replacing(what, with: other), path: "/h")
        }
        #expect(error?.key?.contains(key) == true, "\(String(describing: error))")
    }

    @Test("the file is root's, and so is each program that it names")
    func roots() throws {
        let path = NSTemporaryDirectory() + "hosts-\(UUID().uuidString).toml"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let text = head + machine + "\nreset = [\"\(path)\"]\n"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
        let error = #expect(throws: ConfigurationError.self) { try HostsFile.read(path) }
        #expect(error?.expected.contains("must belong to root") == true)
        let file = try HostsFile.read(path, demandsRoot: false)
        #expect(file.hosts.count == 1)
        #expect(try HostsFile.parse(text, path: path).objection?.key == "hosts.machine.m1.reset")
        let roots = text.replacing("[\"\(path)\"]", with: "[\"/bin/true\"]")
        #expect(try HostsFile.parse(roots, path: path).objection == nil)
    }

    @Test("the page's example is one")
    func example() throws {
        let page = try Project.text(of: "docs/hosts.md")
        let example = try #require(page.firstMatch(of: #/```toml\n(\[hosts\][\s\S]*?)```/#)?.1)
        let file = try HostsFile.parse(String(example), path: "docs/hosts.md")
        #expect(file.hosts.count == 2)
    }
}
