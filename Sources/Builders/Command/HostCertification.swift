import ConfigurationFile
import FoundationEssentials
import HelperPrograms
import Logging
import Provider
import SystemPackage
import TaskChannel

/// The certificates for the host keys of a machine on which the runner is root: with them, people's own ssh recognises it as
/// it does our images.
struct HostCertification: Sendable {
    /// Signs them.
    let authority: CommandProvider.Authority
    let allocation: AllocationID
    let folder: AllocationFolder
    /// Exactly the names by which people reach it. Never empty.
    let names: [String]
    /// The file of the runner's private key.
    let identity: String
    let channel: SSHTaskChannel
    /// Where its SSH server is.
    let address: String
    let port: UInt16
    let logger: Logger

    /// How long the machine's SSH server has to show a certificate, after it has been told to.
    private static let answerTime = Duration.seconds(5)

    /// Whether the machine shows valid certificates now. If not, nothing of them is left there, and the job goes on without.
    func succeeds(on machine: AllocatedMachine, at now: Date) async -> Bool {
        guard await renew(on: machine, at: now) else { return false }
        do throws(BuilderError) {
            try await verify(machine)
            return true
        } catch {
            logger.notice(
                "allocation \(allocation): its certificate does not count: \(error.debugDescription)")
            try? await install("")
            return false
        }
    }

    /// Replaces them by new ones, until the machine's end.
    @discardableResult
    func renew(on machine: AllocatedMachine, at now: Date) async -> Bool {
        do throws(BuilderError) {
            try await install(try await certificates(for: machine, at: now))
            return true
        } catch {
            logger.notice("allocation \(allocation): no certificate: \(error.debugDescription)")
            return false
        }
    }

    /// Lines for the script certify-host.
    private func certificates(
        for machine: AllocatedMachine, at now: Date
    ) async throws(BuilderError) -> String {
        var lines = ""
        let keys = machine.hostKeys.enumerated().map { (line: $1, file: "\(folder.path)/host_key_\($0)") }
        do {
            for key in keys { try SmallFile.replace(key.file + ".pub", with: key.line + "\n") }
            let certificate = HostCertificate(
                authority: FilePath(authority.path), identity: "job \(names[0].dropFirst("job-".count))",
                names: names, life: max(1, Int(machine.until.timeIntervalSince(now))))
            try await certificate.sign(keys.map { FilePath($0.file + ".pub") })
            for key in keys {
                let text = try SmallFile.read(key.file + "-cert.pub", for: .everybody)
                lines += "\(key.line) \(text.prefix { !$0.isNewline })\n"
            }
            return lines
        } catch let error as BuilderError {
            throw error
        } catch {
            throw BuilderError(.commandFailed, detail: "\(folder.path): \(error)")
        }
    }

    private func install(_ lines: String) async throws(BuilderError) {
        try await channel.run("\(CarriedScripts.folder)/certify-host", input: Array(lines.utf8))
    }

    /// Connects as people's own ssh does, which knows the authority and nothing else.
    private func verify(_ machine: AllocatedMachine) async throws(BuilderError) {
        do {
            try SmallFile.replace(folder.authority.string, with: "@cert-authority * \(authority.publicKey)\n")
        } catch {
            throw BuilderError(.commandFailed, detail: "\(folder.authority): \(error)")
        }
        let arguments = StrictSSH.words(
            "true", at: address, port: Int(port), as: machine.user,
            identity: identity, knownHosts: folder.authority.string, alias: names[0],
            more: ["HostKeyAlgorithms=*-cert-v01@openssh.com"])
        let end = ContinuousClock.now + Self.answerTime
        while true {
            let outcome = try await ShortCommand(
                program: StrictSSH.program, arguments: arguments, limit: Self.answerTime
            ).run()
            if outcome.status == 0 { return }
            // It begins to listen anew.
            guard ContinuousClock.now < end, !Task.isCancelled else {
                throw SecureShell.error(status: outcome.status, messages: outcome.errors)
            }
            try? await Task.sleep(for: .milliseconds(100))
        }
    }
}
