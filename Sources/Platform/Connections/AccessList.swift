import CLinux
import Glibc

/// Lets one more user use a file, whatever groups there are: acl(5).
///
/// That needs neither a privilege nor a group that both are in.
public enum AccessList {
    /// What a user can do, and what its owner can.
    public enum Purpose: Sendable {
        /// Connect to a Unix socket.
        case connect
        /// Reach files in a folder whose names they know.
        case enter

        var rights: (owner: UInt16, user: UInt16) {
            switch self {
            case .connect: (owner: 6, user: 6)
            case .enter: (owner: 7, user: 1)
            }
        }

        /// Where the file system has no such lists, everyone can.
        var modeForEveryone: mode_t {
            switch self {
            case .connect: 0o666
            case .enter: 0o711
            }
        }
    }

    /// Lets nobody but the owner and that user do it. On a file system without such lists everyone can; whoever listens then
    /// has to refuse the others.
    ///
    /// - Returns: 0, or the errno of the failure.
    public static func permit(_ user: UInt32, to purpose: Purpose, at path: String) -> CInt {
        let list = list(for: user, purpose)
        if setxattr(path, "system.posix_acl_access", list, list.count, 0) == 0 { return 0 }
        guard errno == ENOTSUP else { return errno }
        return chmod(path, purpose.modeForEveryone) == 0 ? 0 : errno
    }

    /// The kernel's form of such a list, little-endian: its version, then tag, rights and id of each entry
    /// (linux/posix_acl_xattr.h).
    package static func list(for user: UInt32, _ purpose: Purpose) -> [UInt8] {
        let (nobody, nothing) = (UInt32.max, UInt16(0))
        let rights = purpose.rights
        let entries: [(tag: UInt16, rights: UInt16, id: UInt32)] = [
            (0x01, rights.owner, nobody), (0x02, rights.user, user), (0x04, nothing, nobody),
            (0x10, rights.user, nobody), (0x20, nothing, nobody),
        ]
        func bytes(_ number: some FixedWidthInteger) -> [UInt8] {
            withUnsafeBytes(of: number.littleEndian) { Array($0) }
        }
        return bytes(UInt32(2)) + entries.flatMap { bytes($0.tag) + bytes($0.rights) + bytes($0.id) }
    }
}
