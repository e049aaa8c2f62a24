import AuthorizedKeys
import FoundationEssentials
import Glibc

/// What the runner's files take, and whether the one that cannot be replaced is there, unchanged.
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
        let stored = line.flatMap { try? PublicKey.parse(line: $0).key }
        hasAuthority =
            stored.map { stored in
                (authority == nil || stored.line == authority) && Self.isPrivate(key, halfOf: stored)
            } ?? false
    }

    /// Whether a private key without a passphrase, as the runner has made it, is the other half of a public key: the file begins
    /// with that (PROTOCOL.key of OpenSSH).
    private static func isPrivate(_ path: String, halfOf key: PublicKey) -> Bool {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8),
            let blob = Data(base64Encoded: key.base64)
        else { return false }
        let lines = text.split(separator: "\n")
        guard lines.count > 2, lines[0] == "-----BEGIN OPENSSH PRIVATE KEY-----",
            let bytes = Data(base64Encoded: lines.dropFirst().dropLast().joined())
        else { return false }
        func number(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(value >> (24 - 8 * $0) & 255) } }
        var beginning = Array("openssh-key-v1\0".utf8)
        for word in [Array("none".utf8), Array("none".utf8), []] { beginning += number(word.count) + word }
        beginning += number(1) + number(blob.count)
        beginning += blob
        return bytes.starts(with: beginning)
    }

    private static func bytes(of path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }
}
