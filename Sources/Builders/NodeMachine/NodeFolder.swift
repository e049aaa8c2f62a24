import AllocatorPrograms
import Foundation

/// The folder of one machine on a node, which is locked as long as the machine's process lives.
///
/// It is in a folder of the account's, for which nobody else can make files. Whoever is killed leaves its folder behind, and
/// the next one on the node removes it.
final class NodeFolder: Sendable {
    /// Only its locks are used.
    private struct Nothing: StoredState {}

    let path: String
    private let lock: FolderLock

    /// - Parameters:
    ///   - parent: such as /tmp.
    ///   - name: unique on this node.
    init(in parent: String, name: String) throws(AllocatorFailure) {
        let account = "\(parent)/sallyport-\(getuid())"
        let folder = try StateFolder<Nothing>(account)
        var status = stat()
        guard lstat(account, &status) == 0, status.st_uid == getuid(), status.st_mode & 0o077 == 0 else {
            throw AllocatorFailure("\(account) is someone else's, or open to others")
        }
        guard let lock = try folder.lock(name) else {
            throw AllocatorFailure("\(account)/\(name): another process has this folder")
        }
        self.lock = lock
        path = "\(account)/\(name)"
        // Left by the earlier owner of that number.
        try? FileManager.default.removeItem(atPath: path)
        Self.removeAbandoned(in: account, folder, except: name)
    }

    private static func removeAbandoned(
        in account: String, _ folder: StateFolder<Nothing>, except own: String
    ) {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: account)) ?? []
        for file in files where file.hasSuffix(".lock") && file != "\(own).lock" {
            let name = String(file.dropLast(5))
            guard let lock = try? folder.lock(name) else { continue }
            try? FileManager.default.removeItem(atPath: "\(account)/\(name)")
            lock.removeFile()
        }
    }

    func remove() {
        try? FileManager.default.removeItem(atPath: path)
        lock.removeFile()
    }
}
