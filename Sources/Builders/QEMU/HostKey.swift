import Provider
import SystemPackage
import TaskChannel

/// One of a machine's host keys. Its files are in the machine's folder while QEMU starts.
///
/// The host makes it, so that everyone who has to recognise the machine knows the key before it has booted.
struct HostKey: Sendable {
    /// The kinds of key that each machine has; clients that can choose prefer the first.
    enum Kind: String, CaseIterable, Sendable {
        case ed25519
        /// For clients that do not support ed25519, such as those that are restricted to FIPS 140-2.
        case ecdsa

        /// For ssh-keygen(1). ECDSA is with the curve nistp256, as a stock sshd's.
        var arguments: [String] { ["-t", rawValue] + (self == .ecdsa ? ["-b", "256"] : []) }
    }

    let kind: Kind
    let folder: MachineFolder

    var privateFile: FilePath { folder.path.appending("host_key_\(kind.rawValue)") }
    var publicFile: FilePath { FilePath(privateFile.string + ".pub") }
    var certificate: FilePath { FilePath(privateFile.string + "-cert.pub") }
    var files: [FilePath] { [privateFile, publicFile, certificate] }

    /// Makes the key; returns its public half, `<type> <base64>`.
    func make() async throws(MachineError) -> String {
        try await KeyGeneration.makeKey(at: privateFile, comment: "builder", type: kind.arguments)
        let words = String(decoding: try folder.read(publicFile), as: UTF8.self).split(separator: " ")
        guard words.count >= 2 else { throw MachineError(.startFailed, detail: "ssh-keygen wrote no key.") }
        return "\(words[0]) \(words[1])"
    }

    /// Adds what the guest's SSH server reads, under the names that a stock sshd uses.
    func add(to archive: inout CpioArchive, isCertified: Bool) throws(MachineError) {
        let name = "etc/ssh/ssh_host_\(kind.rawValue)_key"
        archive.addFile(name, mode: 0o600, contents: [UInt8](try folder.read(privateFile)))
        guard isCertified else { return }
        archive.addFile(name + "-cert.pub", contents: [UInt8](try folder.read(certificate)))
    }
}
