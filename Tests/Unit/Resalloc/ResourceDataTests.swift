import Foundation
import Testing

@testable import Resalloc

@Suite("What resalloc says about a machine") struct ResourceDataTests {
    private func data(_ text: String) throws -> ResourceData { try ResourceData(Array(text.utf8)) }

    @Test(
        "a line with the host, or YAML",
        arguments: [
            ("192.0.2.7", "192.0.2.7", nil, nil), ("192.0.2.7\n", "192.0.2.7", nil, nil),
            ("\n  2001:db8::7  \n", "2001:db8::7", nil, nil),
            ("builder7.example.org\r\nmore\n", "builder7.example.org", nil, nil),
            ("---\nhost: 192.0.2.7\nname: copr_pool_123456\n", "192.0.2.7", "copr_pool_123456", nil),
            ("host: 2001:db8::7\nname: copr_1\nport: 2222", "2001:db8::7", "copr_1", 2222),
            (
                "---\n# a comment\nhost: \"2001:db8::7\" # ours\nport: '22'\nother: [1, 2]\n", "2001:db8::7",
                nil, 22
            ),
            ("---\n{host: a.example.org, port: 22}\n", "a.example.org", nil, 22),
        ] as [(String, String, String?, Int?)])
    func forms(text: String, host: String, name: String?, port: Int?) throws {
        let data = try data(text)
        #expect(data.host == host)
        #expect(data.name == name)
        #expect(data.port == port)
    }

    @Test(
        "what names no machine",
        arguments: [
            ("", "nothing"), (" \n\n", "nothing"), ("---\nname: copr_1\n", "YAML without a host"),
            ("---\n- host: a\n", "YAML without a host"), ("---\nhost: [a, b]\n", "YAML without a host"),
            ("---\nhost:\n", "YAML without a host"), ("---\nhost: a\nport: ssh\n", "a port that is none"),
            ("---\nhost: a\nport: 0\n", "a port that is none"),
            ("---\nhost: a\nport: 65536\n", "a port that is none"),
            ("---\nhost: \"a\n", "YAML that cannot be read"),
            // As the server cuts it.
            (
                "---\nhost: a\nname: \"\(String(repeating: "a", count: 480))<< trimmed >>\n",
                "YAML that cannot be read"
            ),
            (String(repeating: "a", count: 529), "more than 512 bytes"),
        ])
    func refusals(text: String, reason: String) {
        #expect(throws: ResourceData.Fault(reason: reason)) { try data(text) }
    }

    @Test("bytes that are no text name none either")
    func bytes() {
        #expect(throws: ResourceData.Fault(reason: "no text")) { try ResourceData([0x31, 0xff, 0x0a]) }
    }

    @Test("a name becomes the first address that is good anywhere")
    func addresses() async throws {
        let output = "fe80::1%eth0    STREAM builder7\n2001:db8::7     STREAM builder7\n192.0.2.7 STREAM\n"
        #expect(HostAddress.address(in: Array(output.utf8)) == "2001:db8::7")
        #expect(HostAddress.address(in: []) == nil)
        #expect(try await HostAddress.find("2001:db8::7") == "2001:db8::7")
        #expect(["127.0.0.1", "::1"].contains(try await HostAddress.find("localhost")))
        for (host, words) in [
            ("-oProxyCommand=x", "neither"), ("a b", "neither"), ("a\u{1b}[2J", "neither"),
            ("fe80::1%eth0", "neither"), ("nowhere.invalid", "has no address"),
        ] {
            let failure = await #expect(throws: (any Error).self) { try await HostAddress.find(host) }
            #expect("\(String(describing: failure))".contains(words), "\(host)")
        }
    }

    @Test("a machine's own host keys count once each, and nothing else that it prints")
    func hostKeys() {
        let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
        let output = "\(key) root@m1\n\(key)\nssh-ed25519 AAAA\nWelcome!\n"
        #expect(SSHAccess.hostKeys(in: Array(output.utf8)) == [key])
    }
}
