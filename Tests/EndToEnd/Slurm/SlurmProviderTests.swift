import CommandBuilders
import Foundation
import Logging
import Provider
import ProviderSuite
import TestBed
import Testing

/// What every provider has to do, done by the allocator `slurm`.
@Suite(.serialized) struct SlurmProviderTests {
    @Test(.timeLimit(.minutes(6))) func itIsAProvider() async throws {
        try await SlurmCluster.with(try await SharedTestBed.get()) { cluster in
            let key = "\(cluster.folder)/runner"
            let made = try await cluster.testBed.run([
                "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key,
            ])
            await expect(made, status: 0, in: cluster.testBed)
            let line = try await cluster.testBed.run(["cut", "-d", " ", "-f", "1,2", key + ".pub"]).text
                .trimmed
            var settings = CommandProvider.Settings(
                pool: "pool", words: cluster.command + ["--trust-file"], folder: "\(cluster.folder)/pool",
                timeout: 120, identity: key, authorizedKeys: [line])
            settings.demandsRootsProgram = false
            let common = settings
            try await ProviderSuite(image: "debian") {
                let provider = try CommandProvider(common, logger: Logger(label: "test"))
                await provider.begin { _ in true }
                return provider
            }.run()
        }
    }
}
