import BuildAPI
import ConfigurationFile
import Foundation
import Provider
import SystemPackage
import TaskChannel
import Testing

@testable import Runner

@Suite("The authority for host keys")
struct HostCertificateTests {
    @Test("it is made once per state folder, and nobody else can read it")
    func madeOnce() async throws {
        try await inFolder { folder in
            let first = try await KeyPair.hostAuthority(in: folder)
            let (again, identity) = try await (
                KeyPair.hostAuthority(in: folder), KeyPair.identity(in: folder)
            )
            #expect(again.publicKey == first.publicKey && identity.publicKey != first.publicKey)
            let mode = try FileManager.default.attributesOfItem(atPath: first.path)[.posixPermissions]
            #expect(first.path == "\(folder)/host_authority" && mode as? Int == 0o600)
        }
    }

    @Test("a machine's names are its job, and its job with each suffix; its longest life is known")
    func plan() {
        var configuration = Configuration(service: .init(url: ""))
        configuration.runner.suffixes = ["a.example.org", "b.example.org"]
        configuration.runner.maxLife = 7200
        let settings = Settings(configuration, hostName: "example.org")
        let pool = TestService.localPool(FakeProvider(), slots: 1, images: "/images")
        let record = lifecycle().record
        let plan = settings.request(for: record, as: AllocationID(for: record.job.id), from: pool)
        #expect(plan.hostNames == ["job-7", "job-7.a.example.org", "job-7.b.example.org"])
        // The job's timeout, and then max_life.
        #expect(plan.life == 3600 && plan.longestLife == 3600 + 7200 + settings.grace)
    }

    @Test("a certificate is valid for these names, from an hour before now to the end of the life")
    func certificate() async throws {
        try await inFolder { folder in
            let authority = try await KeyPair.hostAuthority(in: folder)
            // Any public keys can be signed.
            let keys = [try await KeyPair.identity(in: folder), authority]
            let before = Date()
            try await HostCertificate(
                authority: FilePath(authority.path), identity: "job 42", names: ["job-42", "job-42.x"],
                life: 7230
            ).sign(keys.map { FilePath($0.path + ".pub") })
            for key in keys {
                let text = try listing("\(key.path)-cert.pub")
                #expect(text.contains("ssh-ed25519-cert-v01@openssh.com host certificate"))
                #expect(text.contains("Key ID: \"job 42\""))
                #expect(text.firstMatch(of: #/Principals: \n\s+job-42\n\s+job-42\.x\n\s+Critical/#) != nil)
                let valid = try #require(text.firstMatch(of: #/Valid: from (\S+) to (\S+)/#))
                let (from, to) = (try date(valid.1), try date(valid.2))
                #expect(abs(from.timeIntervalSince(before) + 3600) < 60)
                #expect(to.timeIntervalSince(from) == 3600 + 7230)
            }
        }
    }

    @Test("a machine whose end nobody knows gets one, too")
    func longLife() async throws {
        try await inFolder { folder in
            let authority = try await KeyPair.hostAuthority(in: folder)
            try await HostCertificate(
                authority: FilePath(authority.path), identity: "job 42", names: ["job-42"], life: .max
            ).sign([FilePath(authority.path + ".pub")])
            #expect(try listing("\(authority.path)-cert.pub").contains("job-42"))
        }
    }

    private func date(_ text: Substring) throws -> Date {
        try Date("\(text)Z", strategy: .iso8601)
    }

    /// The output of `ssh-keygen -L`, in UTC.
    private func listing(_ file: String) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/ssh-keygen")
        process.arguments = ["-L", "-f", file]
        process.environment = ["TZ": "UTC"]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: text, as: UTF8.self)
    }

    private func inFolder(_ body: (String) async throws -> Void) async throws {
        let folder = TestService.makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(folder)
    }
}
