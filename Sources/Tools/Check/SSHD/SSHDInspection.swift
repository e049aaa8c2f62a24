import Glibc

/// What sshd itself says about its version and its settings.
struct SSHDInspection: Sendable {
    var program: SSHDProgram
    var version: OpenSSHVersion
    var settings: EffectiveSettings

    /// What is to be judged for an account.
    func check(of account: Account) -> SSHDSettingsCheck {
        SSHDSettingsCheck(
            settings: settings, places: SettingPlaces(of: program.configuration), version: version,
            account: account.name, groups: account.groups)
    }

    /// - Parameter address: of the client whose login is asked about.
    /// - Throws: why there is nothing to inspect.
    static func make(
        of program: SSHDProgram, account: String, from address: String
    ) async throws(SSHDInspectionError) -> SSHDInspection {
        let named = await LocalCommand.run([program.words[0], "-V"])
        guard let named, let version = OpenSSHVersion(in: named.output + named.errors) else {
            throw SSHDInspectionError(
                finding: "\(program.words[0]) cannot be started, so there is no sshd",
                remedy: "apt install openssh-server")
        }
        // A host is its address, unless UseDNS says otherwise.
        let connection = "user=\(account),host=\(address),addr=\(address),laddr=127.0.0.1,lport=22"
        guard let said = await LocalCommand.run(program.words + ["-T", "-C", connection]) else {
            throw SSHDInspectionError(
                finding: "sshd does not say which settings are in force", remedy: "sshd -T -C \(connection)")
        }
        let settings = EffectiveSettings(said.output)
        // systemd makes it for a service that runs.
        if said.errors.contains("Missing privilege separation directory") {
            if await LocalCommand.run(["systemctl", "is-active", "--quiet", "ssh.socket"])?.succeeded == true
            {
                throw SSHDInspectionError(
                    finding:
                        "systemd listens in sshd's place (ssh.socket), and nobody has come since this host was started: sshd "
                        + "cannot say yet which settings are in force",
                    remedy: "systemctl start ssh, and check again")
            }
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
