import AuthorizedKeys
import Foundation

/// The key with which the runner logs in to its builders; made once per state folder.
struct RunnerIdentity: Sendable {
    /// The private half's file, readable for nobody else.
    let path: String
    /// `<type> <base64>`
    let publicKey: String

    /// - Parameter folder: the state folder, locked.
    init(in folder: String) throws(RunnerError) {
        path = "\(folder)/identity"
        if !FileManager.default.fileExists(atPath: path) { try Self.generate(path) }
        guard let line = try? String(contentsOfFile: path + ".pub", encoding: .utf8),
            let (key, _) = try? PublicKey.parse(line: line)
        else { throw RunnerError(.failure, "The runner's public key \(path).pub cannot be read.") }
        publicKey = key.line
    }

    private static func generate(_ path: String) throws(RunnerError) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/ssh-keygen")
        process.arguments = ["-q", "-t", "ed25519", "-N", "", "-C", "sallyport-runner", "-f", path]
        process.standardInput = FileHandle.nullDevice
        do {
            try process.run()
        } catch {
            throw RunnerError(.failure, "ssh-keygen cannot be run.", detail: "\(error)")
        }
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw RunnerError(.failure, "ssh-keygen has not made the key \(path).")
        }
    }
}
