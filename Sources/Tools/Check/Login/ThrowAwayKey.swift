import AuthorizedKeys
import FoundationEssentials
import HelperPrograms

/// A key that exists only during the checks. Nobody has it.
struct ThrowAwayKey: ~Copyable {
    /// Where its folder is.
    static let parent = "/tmp"

    let folder: String
    let key: PublicKey
    var path: String { "\(folder)/key" }

    /// Nil: it cannot be made.
    static func make() async -> ThrowAwayKey? {
        let folder = "\(parent)/sallyport-check-\(UUID().uuidString)"
        guard
            (try? FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700]))
                != nil
        else { return nil }
        let path = "\(folder)/key"
        let made = await LocalCommand.run([
            "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "sallyport-check", "-f", path,
        ])
        guard made?.succeeded == true, let line = FileManager.default.contents(atPath: path + ".pub"),
            let key = try? PublicKey.parse(line: String(decoding: line, as: UTF8.self).trimmed).key
        else {
            try? FileManager.default.removeItem(atPath: folder)
            return nil
        }
        return ThrowAwayKey(folder: folder, key: key)
    }

    private init(folder: String, key: PublicKey) {
        (self.folder, self.key) = (folder, key)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }
}
