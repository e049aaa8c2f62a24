import AuthorizedKeys
import FoundationEssentials
import Glibc

/// What the runner's files take, and whether the one that cannot be replaced is there.
struct StateUse: Sendable {
    /// Bytes; nil: nobody knows.
    var size: Double?
    /// Bytes that are left for the runner.
    var free: Double?
    var database: Int
    var hasAuthority: Bool

    /// Reads it. On a disk that does not answer this takes long.
    ///
    /// - Parameters:
    ///   - folder: the state folder.
    ///   - authority: `<type> <base64>` of the key that builders are certified with; nil: any will do.
    init(of folder: String, authority: String?) {
        var disk = statvfs()
        if statvfs(folder, &disk) == 0 {
            size = Double(disk.f_blocks) * Double(disk.f_frsize)
            free = Double(disk.f_bavail) * Double(disk.f_frsize)
        }
        let database = "\(folder)/runner.sqlite"
        self.database = [database, database + "-wal"].reduce(0) { $0 + Self.bytes(of: $1) }
        let key = "\(folder)/host_authority"
        let line = try? String(contentsOfFile: key + ".pub", encoding: .utf8)
        let stored = line.flatMap { try? PublicKey.parse(line: $0).key.line }
        hasAuthority = access(key, R_OK) == 0 && stored != nil && (authority == nil || stored == authority)
    }

    private static func bytes(of path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }
}
