import Foundation
import HelperPrograms
import Testing

@testable import CommandBuilders
@testable import Provider

/// Where sshd's own files would be, a folder of the test's; sshd only says whether it accepts them.
@Suite("Certificates on other people's machines") struct HostCertificatesTests {
    private let scripts = CarriedScriptsTests()

    private func machine(
        _ machine: CarriedScriptsTests.Machine, configuration: String
    ) async throws -> CarriedScriptsTests.Home {
        let home = try await scripts.prepared(machine, Workload(environment: [], tasks: []))
        try FileManager.default.createDirectory(
            atPath: home.path + "/ssh/sshd_config.d", withIntermediateDirectories: true)
        // The first has no comment, and no end of its line.
        for (name, text) in [
            ("a.pub", "ssh-rsa AAAA"), ("b.pub", "ssh-ed25519 BBBB root@host\n"),
            ("sshd_config", configuration),
        ] {
            try text.write(toFile: "\(home.path)/ssh/\(name)", atomically: true, encoding: .utf8)
        }
        try home.fake("id", "echo 0")
        try home.fake("sshd", "[ ! -e ~/bad ] || { echo 'line 1: bad' >&2; exit 255; }")
        // Nobody finds the server that listens.
        for program in ["tr", "ps", "systemctl"] {
            try home.fake(program, "printf '%s\\n' \"$0 $*\" >>~/called")
        }
        return home
    }

    private func certify(
        _ home: CarriedScriptsTests.Home, _ lines: String
    ) async throws -> (isDone: Bool, errors: String) {
        let outcome = try await home.run("~/.sallyport/certify-host ~/ssh", input: Array(lines.utf8))
        return (outcome.status == .exited(0), outcome.errors)
    }

    private func files(_ home: CarriedScriptsTests.Home) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: home.path + "/ssh").sorted()
    }

    private static let lines = "ssh-rsa AAAA certificate of a\nssh-ed25519 BBBB certificate of b\n"
    private static let names = ["a.pub", "b.pub", "sshd_config", "sshd_config.d"]

    @Test(
        "they go into a drop-in or into sshd_config, replace earlier ones, and go",
        arguments: CarriedScriptsTests.machines)
    func places(machine: CarriedScriptsTests.Machine) async throws {
        let include = "include /etc/ssh/sshd_config.d/*.conf\n"
        for configuration in ["Port 22\nMatch all\n", include] {
            let home = try await self.machine(machine, configuration: configuration)
            for _ in 0..<2 { #expect(try await certify(home, Self.lines).isDone) }
            let expected = ["a", "b"].map { "HostCertificate \(home.path)/ssh/\($0).sallyport-cert.pub\n" }
                .joined()
            if configuration == include {
                #expect(
                    try home.text(of: "ssh/sshd_config.d/00-sallyport-certificates.conf") == expected)
                #expect(try home.text(of: "ssh/sshd_config") == configuration)
            } else {
                #expect(
                    try home.text(of: "ssh/sshd_config")
                        == "# sallyport begin\n\(expected)# sallyport end\n\(configuration)")
            }
            #expect(try home.text(of: "ssh/b.sallyport-cert.pub") == "certificate of b\n")
            #expect(try home.text(of: "called").contains("systemctl reload ssh\n"))
            #expect(try await certify(home, "").isDone)
            #expect(try files(home) == Self.names)
            #expect(try home.text(of: "ssh/sshd_config") == configuration)
        }
    }

    @Test(
        "nothing of them stays if sshd does not accept it, and only root tries",
        arguments: CarriedScriptsTests.machines)
    func failures(machine: CarriedScriptsTests.Machine) async throws {
        let home = try await self.machine(machine, configuration: "Port 22\n")
        let unknown = try await certify(home, "ssh-ed25519 CCCC certificate of c\n")
        #expect(!unknown.isDone && unknown.errors.contains("none of the host keys is in"))
        try "".write(toFile: home.path + "/bad", atomically: true, encoding: .utf8)
        let bad = try await certify(home, Self.lines)
        #expect(!bad.isDone && bad.errors == "sshd does not accept its certificates: line 1: bad\n", "\(bad)")
        try FileManager.default.removeItem(atPath: home.path + "/bad")
        try home.fake("id", "echo 1000")
        #expect(try await certify(home, Self.lines).errors == "the account is not root's\n")
        #expect(try files(home) == Self.names)
        #expect(try home.text(of: "ssh/sshd_config") == "Port 22\n")
    }
}
