import ConfigurationFile
import Foundation
import KeyForms
import NIOHTTP1
import Testing

@testable import Runner

/// A real https server with the forges' format. It has a long time, because the machine may be busy.
@Suite("People from a forge")
struct WebSourceTests {
    @Test("keys are read as forges serve them, for those who are listed")
    func keys() async throws {
        try await NetworkFiles.with { files in
            let certificate = files.configuration.certificate
            try files.write(
                "# who may\nalice\n  bob   # builds\n\nnobody\nmoved\nbroken\nlogin\nmany\nlarge\na+b@c\n",
                to: "names", mode: 0o644)
            let line = "\(TestService.aliceKey) alice@home"
            try await ForgeServer.with(
                certificate: certificate, key: files.configuration.key,
                pages: [
                    "/u/alice.keys": (200, ["Content-Type": "text/plain"], "\(line)\r\n\nssh-dss AAAA\n"),
                    "/u/bob.keys": (200, ["Content-Length": "0"], ""),
                    "/u/mallory.keys": (200, [:], line),
                    "/u/a%2Bb%40c.keys": (200, [:], TestService.bobKey),
                    "/u/moved.keys": (301, ["Location": "/u/alice.keys"], ""),
                    "/u/broken.keys": (500, [:], "sorry"),
                    "/u/login.keys": (200, [:], "<html>Log in"),
                    "/u/many.keys": (200, [:], String(repeating: "ssh-ed25519 AAAA\n", count: 51)),
                    "/u/large.keys": (200, [:], String(repeating: "#\n", count: 600_000)),
                ]
            ) { forge in
                func source(
                    _ host: String = "127.0.0.1", authorities: String? = certificate
                ) -> WebSource {
                    WebSource(
                        url: "https://\(host):\(forge.port)/u/{name}.keys", names: "\(files.folder)/names",
                        client: SecureGet(authorities: authorities, limit: .seconds(80)))
                }
                let alice = try await source().person(named: "alice")
                #expect(alice?.keys.map(\.line) == [line])
                #expect(try await source().person(named: "bob")?.keys.isEmpty == true)
                #expect(try await source().person(named: "a+b@c")?.keys.count == 1)
                // At the forge, but not listed; listed, but not at the forge.
                #expect(try await source().person(named: "mallory") == nil)
                #expect(try await source().person(named: "nobody") == nil)
                for (name, cause) in [
                    ("moved", "redirections are not followed"), ("broken", "HTTP status 500"),
                    ("login", "web page"), ("many", "51 keys"), ("large", "more than 1048576 bytes"),
                ] {
                    let failure = await #expect(throws: SourceFailure.self) {
                        try await source().person(named: name)
                    }
                    #expect(failure?.cause.contains(cause) == true, "\(name): \(failure?.cause ?? "")")
                }
                guard case .someone(let names) = try await source().holder(of: "SHA256:x") else {
                    Issue.record("a forge cannot tell whose key one is")
                    return
                }
                #expect(names.count == 9 && names.first == "alice")

                // Neither a certificate that nobody trusts, nor one for another host.
                for (host, authorities) in [("127.0.0.1", nil), ("localhost", certificate)] {
                    let failure = await #expect(throws: SourceFailure.self) {
                        try await source(host, authorities: authorities).person(named: "alice")
                    }
                    #expect(
                        failure?.cause.lowercased().contains("certificate") == true,
                        "\(host): \(failure?.cause ?? "")")
                }
                // Taken away from the list.
                try files.write("bob\n", to: "names", mode: 0o644)
                #expect(try await source().person(named: "alice") == nil)
                for (text, mode) in [("alice\n..\n", 0o644), ("alice\n", 0o666)] {
                    try files.write(text, to: "names", mode: mode)
                    await #expect(throws: SourceFailure.self) {
                        try await source().person(named: "alice")
                    }
                }
            }
        }
    }

    @Test(
        "a certificate has to be for the host as it is named",
        arguments: [
            ("DNS:localhost", true, false), ("IP:127.0.0.1", false, true),
            ("DNS:localhost,IP:127.0.0.1", true, true), ("DNS:other.example,IP:127.0.0.1", false, true),
            ("DNS:other.example", false, false),
        ])
    func certificates(names: String, isForName: Bool, isForAddress: Bool) async throws {
        try await NetworkFiles.with { files in
            try files.makeCertificate("other.pem", key: "other.key", for: names)
            let certificate = "\(files.folder)/other.pem"
            try await ForgeServer.with(
                certificate: certificate, key: "\(files.folder)/other.key", pages: ["/a": (200, [:], "it")]
            ) { forge in
                let client = SecureGet(authorities: certificate, limit: .seconds(80))
                for (host, isGood) in [("localhost", isForName), ("127.0.0.1", isForAddress)] {
                    let answer = try? await client.get("https://\(host):\(forge.port)/a")
                    #expect((answer?.status == 200) == isGood, "\(host)")
                }
            }
        }
    }

    @Test("one that says nothing is not waited for, and one that is not there is no answer")
    func silence() async throws {
        let silent = try await SilentListener.make()
        defer { silent.close() }
        let client = SecureGet(authorities: nil, limit: .milliseconds(300))
        let failure = await #expect(throws: SourceFailure.self) {
            try await client.get("https://127.0.0.1:\(silent.port)/alice.keys")
        }
        #expect(failure?.cause.contains("no answer within 0.3 seconds") == true, "\(failure?.cause ?? "")")
        await #expect(throws: SourceFailure.self) { try await client.get("https://127.0.0.1:1/alice.keys") }
    }

    @Test(
        "the parts of a URL",
        arguments: [
            ("https://forge.example/a.keys", "forge.example", 443, "/a.keys", false),
            ("https://forge.example:8443/x/a", "forge.example", 8443, "/x/a", false),
            ("https://[::1]:1/a", "::1", 1, "/a", true), ("https://[::1]/a", "::1", 443, "/a", true),
            ("https://192.0.2.1/a", "192.0.2.1", 443, "/a", true),
        ])
    func places(url: String, host: String, port: Int, path: String, isAddress: Bool) throws {
        let place = try #require(SecureGet.Place(url))
        #expect(place.host == host && place.port == port && place.path == path)
        #expect(place.isAddress == isAddress)
    }
}
