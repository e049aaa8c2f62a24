import AuthorizedKeys
import Foundation

/// One of the runner's own keys, in its state folder; made once and kept for ever.
package struct KeyPair: Sendable {
    /// The file of the private half, which nobody else can read.
    package let path: String
    /// `<type> <base64>`
    package let publicKey: String

    /// The key with which the runner logs in to its builders.
    ///
    /// - Parameter folder: the state folder, locked.
    static func identity(in folder: String) throws(RunnerError) -> KeyPair {
        try kept("\(folder)/identity", comment: "sallyport-runner")
    }

    /// The key with which the runner signs the host keys of its builders.
    ///
    /// - Parameter folder: the state folder, locked.
    package static func hostAuthority(in folder: String) throws(RunnerError) -> KeyPair {
        try kept("\(folder)/host_authority", comment: "sallyport-host-authority")
    }

    private static func kept(_ path: String, comment: String) throws(RunnerError) -> KeyPair {
        if !FileManager.default.fileExists(atPath: path) { try generate(path, comment: comment) }
        guard let line = try? String(contentsOfFile: path + ".pub", encoding: .utf8),
            let (key, _) = try? PublicKey.parse(line: line)
        else { throw RunnerError(.failure, "The runner's public key \(path).pub cannot be read.") }
        return KeyPair(path: path, publicKey: key.line)
    }

    private static func generate(_ path: String, comment: String) throws(RunnerError) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/ssh-keygen")
        // Use another name until both halves are complete, because half a key would stay for ever.
        let new = path + ".new"
        for file in [new, new + ".pub"] { try? FileManager.default.removeItem(atPath: file) }
        process.arguments = ["-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", new]
        process.standardInput = FileHandle.nullDevice
        do {
            try process.run()
        } catch {
            throw RunnerError(.failure, "ssh-keygen cannot be run.", detail: "\(error)")
        }
        process.waitUntilExit()
        guard process.terminationStatus == 0, rename(new + ".pub", path + ".pub") == 0,
            rename(new, path) == 0
        else {
            throw RunnerError(.failure, "ssh-keygen did not make the key \(path).")
        }
    }
}
