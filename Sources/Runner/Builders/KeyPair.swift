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
        // Under another name until both halves are whole: half a key would be there for ever.
        let new = path + ".new"
        for file in [new, new + ".pub"] { try? FileManager.default.removeItem(atPath: file) }
        process.arguments = ["-q", "-t", "ed25519", "-N", "", "-C", "sallyport-runner", "-f", new]
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
            throw RunnerError(.failure, "ssh-keygen has not made the key \(path).")
        }
    }
}
