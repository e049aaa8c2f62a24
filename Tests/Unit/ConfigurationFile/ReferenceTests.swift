import Foundation
import TestSupport
import Testing

@testable import ConfigurationFile

/// The pages about the configuration: the installed example, and docs/configuration.md.
@Suite struct ReferenceTests {
    private func read(_ path: String) throws -> String {
        try Project.text(of: path)
    }

    /// `table.key` for every key that the code reads.
    private func keysOfTheCode() throws -> Set<String> {
        var document = try Document(
            "[service]\nurl = \"unix:/x\"\n[runner.image.debian-build]\n[runner.pool.local]\n", path: "/x")
        _ = try ConfigurationFile.configuration(from: &document)
        let all = document.known.flatMap { table, keys in keys.map { "\(table).\($0)" } }
        // The values of these are tables.
        return Set(all).subtracting(["runner.image", "runner.pool"])
    }

    @Test func theExampleIsTheDefault() throws {
        let example = try read("Sources/Installation/sallyport.toml")
        let configuration = try ConfigurationFile.parse(example, path: "sallyport.toml")
        #expect(configuration == Configuration(service: .init(url: "unix:/run/sallyport/api.sock")))
    }

    @Test func theExampleHasEveryKeyWithItsDefault() throws {
        let example = try read("Sources/Installation/sallyport.toml")
            .replacing(#/(?m)^#(?=[a-z_]+ = )/#, with: "")
        var expected = Configuration(service: .init(url: "https://example.org"))
        // Keys without a default show an example.
        expected.service.authorities = "/etc/sallyport/authority.pem"
        expected.service.tokenFile = "/etc/sallyport/token"
        expected.service.keyTokenFile = "/etc/sallyport/key_token"
        expected.service.proxy = "http://proxy.example.org:3128"
        expected.sourcehut.workerURL = "http://127.0.0.1:8080"
        expected.sourcehut.metaURL = "http://127.0.0.1:5000"
        expected.sourcehut.logs = "/var/log/builds"
        expected.gateway.publicHost = "builds.example.org"
        expected.gateway.name = "gw1.example.org"
        expected.gateway.contact = "Ask builds@example.org for help."
        expected.gateway.logFile = "/var/log/sallyport-gateway.log"
        expected.runner.logFile = "/var/log/sallyport-runner.log"
        expected.gateway.audit.file = "/var/log/sallyport-gateway/audit.jsonl"
        expected.runner.audit.file = "/var/log/sallyport/audit.jsonl"
        expected.runner.acceptanceRetention = 3650
        expected.runner.suffixes = ["builds.example.org"]
        expected.runner.imageAliases = ["debian/stable": "debian-build"]
        expected.runner.slots = 4
        expected.runner.pools["local"]?.description = "virtual machines of this host"
        expected.runner.limits.runningPerOwner = 2
        expected.runner.terms = "/etc/sallyport/terms.txt"
        expected.runner.network = .init(
            address: "192.0.2.1", port: 8443, certificate: "/etc/sallyport/certificate.pem",
            key: "/etc/sallyport/key.pem", tokens: "/etc/sallyport/tokens")
        expected.runner.metrics = .init(address: "127.0.0.1", port: 9469)
        expected.people.source = .web(
            url: "https://forge.example/{name}.keys", names: "/etc/sallyport/people",
            authorities: "/etc/sallyport/forge.pem")
        expected.people.keysAt = "https://forge.example/settings/keys"
        expected.runner.imageSettings["debian-build"] = .init()
        expected.runner.imageSettings["debian-build"]?.memory = 1024
        expected.runner.imageSettings["debian-build"]?.description = "Debian 12 with our compilers"
        // A proxy needs https.
        let remote = example.replacing(/"unix:[^"]*"/, with: "\"https://example.org\"", maxReplacements: 1)
        #expect(try ConfigurationFile.parse(remote, path: "sallyport.toml") == expected)

        var keys: Set<String> = []
        var table = ""
        for line in example.split(separator: "\n") {
            if let name = line.wholeMatch(of: #/\[([a-z.-]+)\]/#) { table = String(name.1) }
            if let key = line.firstMatch(of: #/^([a-z_]+) = /#) { keys.insert("\(table).\(key.1)") }
        }
        // Only a pool that is not there by default has these: the example shows them in a comment.
        let ofOtherPools: Set = [
            "runner.pool.local.command", "runner.pool.local.host_key", "runner.pool.local.arch",
            "runner.pool.local.attach",
        ]
        #expect(try keys == keysOfTheCode().subtracting(ofOtherPools))
    }

    @Test func theReferenceNamesEveryKey() throws {
        var keys: Set<String> = []
        var table = ""
        for row in try read("docs/configuration.md").split(separator: "\n") {
            guard let cells = row.firstMatch(of: #/^\| (`([a-zA-Z.]+)`)? *\| `([a-z_]+)` \|/#) else {
                continue
            }
            if let name = cells.2 {
                table = String(name).replacing("pool.NAME", with: "pool.local")
                    .replacing("NAME", with: "debian-build")
            }
            keys.insert("\(table).\(cells.3)")
        }
        #expect(try keys == keysOfTheCode())
    }
}
