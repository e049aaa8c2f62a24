import Glibc

/// What sshd itself says about its version and its settings.
struct SSHDInspection: Sendable {
    var program: SSHDProgram
    var version: OpenSSHVersion
    var settings: EffectiveSettings

    /// A client whose login is asked about.
    struct Client: Sendable {
        var address: String
        var host: String

        /// An address that nobody has: RFC 5737.
        static let anybody = Client(address: "192.0.2.7", host: "client.example.org")
    }

    /// - Throws: why there is nothing to inspect.
    static func make(
        of program: SSHDProgram, account: String, client: Client
    ) async throws(SSHDInspectionError) -> SSHDInspection {
        let named = await LocalCommand.run([program.words[0], "-V"])
        guard let named, let version = OpenSSHVersion(in: named.output + named.errors) else {
            throw SSHDInspectionError(
                finding: "\(program.words[0]) cannot be started, so there is no sshd",
                remedy: "apt install openssh-server")
        }
        let connection =
            "user=\(account),host=\(client.host),addr=\(client.address),laddr=127.0.0.1,lport=22"
        guard let said = await LocalCommand.run(program.words + ["-T", "-C", connection]) else {
            throw SSHDInspectionError(
                finding: "sshd does not say which settings are in force", remedy: "sshd -T -C \(connection)")
        }
        let settings = EffectiveSettings(said.output)
        // systemd makes it for a service that runs.
        if said.errors.contains("Missing privilege separation directory") {
            throw SSHDInspectionError(
                finding: "no sshd is running here, and it was not started before (\(said.complaint))",
                remedy: "systemctl start ssh")
        }
        guard said.succeeded, !settings.isEmpty else {
            throw SSHDInspectionError(
                finding: "sshd's configuration is invalid: \(said.complaint)", remedy: "sshd -t")
        }
        return SSHDInspection(program: program, version: version, settings: settings)
    }
}

struct SSHDInspectionError: Error {
    var finding: String
    var remedy: String
}
