package import AllocatorProtocol
import Glibc

/// The user who decides what is at a path: root, or the owner of the first folder on the way that is not root's. Whoever
/// works there as that user has no power that the user does not have, whatever the user puts there meanwhile.
package struct FolderOwner: Equatable, Sendable {
    package var user: UInt32
    package var group: UInt32

    /// Nil: all folders on the way that exist are root's.
    ///
    /// - Parameter trusted: users who count as root; tests have others.
    package static func of(
        _ path: String, counting trusted: Set<UInt32> = [0]
    ) throws(AllocatorEnd) -> FolderOwner? {
        var folder = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { if folder >= 0 { close(folder) } }
        var place = ""
        for name in path.split(separator: "/") {
            place += "/\(name)"
            let next = openat(folder, String(name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            let code = errno
            if folder >= 0 { close(folder) }
            folder = next
            var status = stat()
            guard next >= 0, fstat(next, &status) == 0 else {
                // It is made there, by root.
                if code == ENOENT { return nil }
                throw unsafe(place, "is not a folder of its own: \(String(cString: strerror(code)))")
            }
            guard trusted.contains(status.st_uid) else {
                return FolderOwner(user: status.st_uid, group: status.st_gid)
            }
            // In a sticky folder, such as /tmp, others can only make what is theirs.
            guard status.st_mode & 0o022 == 0 || status.st_mode & UInt32(S_ISVTX) != 0 else {
                throw unsafe(place, "can be changed by others")
            }
        }
        return nil
    }

    private static func unsafe(_ place: String, _ fault: String) -> AllocatorEnd {
        AllocatorEnd(
            78, "\(place) \(fault): name another folder as state, or run this as the runner's user")
    }

    /// Becomes that user for good.
    package func become() throws(AllocatorEnd) {
        guard setgroups(0, nil) == 0, setgid(group) == 0, setuid(user) == 0 else {
            throw AllocatorEnd(71, "user \(user) could not be assumed: \(String(cString: strerror(errno)))")
        }
    }
}
