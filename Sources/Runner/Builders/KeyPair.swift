import AuthorizedKeys
import FoundationEssentials
import Glibc
import Provider
import SystemPackage
import TaskChannel

/// One of the runner's own keys, in its state folder; made once and kept for ever.
package struct KeyPair: Sendable {
    /// The file of the private half, which nobody else can read.
    package let path: String
    /// `<type> <base64>`
    package let publicKey: String

    /// The key with which the runner logs in to its builders.
    ///
    /// - Parameter folder: the state folder, locked.
    static func identity(in folder: String) async throws(RunnerError) -> KeyPair {
        try await kept("\(folder)/identity", comment: "sallyport-runner")
    }

    /// The key with which the runner signs the host keys of its builders.
    ///
    /// - Parameter folder: the state folder, locked.
    package static func hostAuthority(in folder: String) async throws(RunnerError) -> KeyPair {
        try await kept("\(folder)/host_authority", comment: "sallyport-host-authority")
    }

    private static func kept(_ path: String, comment: String) async throws(RunnerError) -> KeyPair {
        if access(path, F_OK) != 0 { try await generate(path, comment: comment) }
        guard let line = try? String(contentsOfFile: path + ".pub", encoding: .utf8),
            let (key, _) = try? PublicKey.parse(line: line)
        else { throw RunnerError(.failure, "The runner's public key \(path).pub cannot be read.") }
        return KeyPair(path: path, publicKey: key.line)
    }

    private static func generate(_ path: String, comment: String) async throws(RunnerError) {
        // Use another name until both halves are complete, because half a key would stay for ever.
        let new = path + ".new"
        for file in [new, new + ".pub"] { unlink(file) }
        do throws(BuilderError) {
            try await KeyGeneration.makeKey(at: FilePath(new), comment: comment)
        } catch {
            throw RunnerError(.failure, "The key \(path) cannot be made.", detail: error.debugDescription)
        }
        guard rename(new + ".pub", path + ".pub") == 0, rename(new, path) == 0 else {
            throw RunnerError(
                .failure, "The key \(path) cannot be made.", detail: String(cString: strerror(errno)))
        }
    }
}
