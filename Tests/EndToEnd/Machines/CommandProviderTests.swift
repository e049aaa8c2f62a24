import CommandBuilders
import Foundation
import Logging
import ProviderSuite
import TestBed
import Testing

/// What every provider has to do, done by an allocator program, `hosts`, with a machine that has none of our programs.
@Suite(.serialized)
struct CommandProviderTests {
    @Test(.timeLimit(.minutes(4))) func itIsAProvider() async throws {
        let testBed = try await SharedTestBed.get()
        // Somebody was inside after the first job, so only a reset brings it back.
        let lab = try await LabMachine.start(in: testBed, more: "reset = [\"/bin/true\"]")
        let key = "\(lab.folder)/runner"
        let made = try await testBed.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key])
        await expect(made, status: 0, in: testBed)
        let line = try await testBed.run(["cut", "-d", " ", "-f", "1,2", key + ".pub"]).text.trimmed
        var settings = CommandProvider.Settings(
            pool: "pool", words: lab.command + ["--trust-file"], folder: "\(lab.folder)/pool", timeout: 60,
            identity: key,
            authorizedKeys: [line])
        settings.demandsRootsProgram = false
        let folder = settings.folder
        try await ProviderSuite(image: "") { [settings] in
            let provider = try CommandProvider(settings, logger: Logger(label: "test"))
            await provider.begin { _ in true }
            return provider
        }.run()
        await expect(try await lab.hosts(["show"]), status: 0, output: ["free"], in: testBed)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["work"])
        let connected = try await Command.run([
            "timeout", "5", "/bin/sh", "-c", "while pgrep -af \"^ssh.*$0\"; do sleep 0.05; done", folder,
        ])
        #expect(connected.status == 0, "connections stay open after their machines' release: \(connected)")
        try await lab.builder.end()
    }
}
