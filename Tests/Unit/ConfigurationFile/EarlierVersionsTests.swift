import Foundation
import TestSupport
import Testing

@testable import ConfigurationFile

/// Configurations of earlier versions: Tests/Fixtures.
@Suite struct EarlierVersionsTests {
    private func parse(_ name: String) throws -> Configuration {
        let file = Project.root.appending(path: "Tests/Fixtures/1.0/\(name)")
        return try ConfigurationFile.parse(String(contentsOf: file, encoding: .utf8), path: file.path)
    }

    @Test func whatWasInstalledIsStillTheDefault() throws {
        #expect(
            try parse("sallyport.toml")
                == Configuration(service: .init(url: "unix:/run/sallyport/api.sock")))
    }

    @Test func everyKeyStillMeansTheSame() throws {
        let configuration = try parse("every-key.toml")
        let service = configuration.service
        #expect(service.kind == .sallyport && service.url == "https://builds.example.org:8443/api")
        #expect(service.authorities == "/ca" && service.proxy == "http://proxy:3128")
        #expect(service.tokenFile == "/t" && service.keyTokenFile == "/q")
        let sourcehut = configuration.sourcehut
        #expect(sourcehut.workerURL == "http://127.0.0.1:8080" && sourcehut.metaURL == "unix:/m")
        #expect(sourcehut.logs == "/l")
        #expect(configuration.builder.identity == "/k")
        let gateway = configuration.gateway
        #expect(gateway.publicHost == "builds.example.org" && gateway.publicPort == 2222)
        #expect(gateway.keyCache == "/c" && gateway.sessions == "/w" && gateway.idle == 9)
        let runner = configuration.runner
        #expect(runner.stateDirectory == "/s" && runner.socket == "/r" && runner.images == "/i")
        #expect(
            runner.network
                == .init(address: "::1", port: 8443, certificate: "/c", key: "/p", tokens: "/o"))
        #expect(runner.account == "a" && runner.keysAccount == "b" && runner.operatorGroup == "c")
        #expect(runner.gatewayKeys == ["ssh-ed25519 AAAA"] && runner.suffixes == ["a.example.org", "b"])
        #expect(runner.accelerator == .tcg && runner.slots == 3 && runner.memory == 256)
        #expect(runner.keep == 60 && runner.life == 70 && runner.lease == 3 && runner.maxLife == 100)
        // It was the limit of the tasks, too.
        #expect(runner.maxTimeout == 100)
        #expect(runner.limits.keptPerOwner == 4 && runner.limits.sessionsPerPerson == 5)
        #expect(runner.limits.queuedPerOwner == 6 && runner.limits.log == 7 && runner.limits.retention == 8)
        #expect(runner.terms == "/e")
        let image = try #require(runner.imageSettings["debian-12.1"])
        #expect(image.memory == 1024 && image.processors == 2 && image.network == .outbound)
    }
}
