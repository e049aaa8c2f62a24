package import Glibc

/// Whether only root can change a file: the rule by which sshd trusts an AuthorizedKeysCommand (`safe_path` in its misc.c), here
/// also for the links that lead there and the folders that these are in. Who can change one of them can name another file.
package enum TrustedPath {
    package enum Fault: Equatable, Sendable {
        /// There is nothing, or no way there; with what the kernel says.
        case missing(String, Int32)
        case owner(String, uid_t)
        /// Its group or everybody can write to it.
        case writable(String, mode_t)
        case loop(String)
    }

    /// How many links the kernel follows, too.
    private static let mostLinks = 40

    /// - Parameters:
    ///   - path: absolute.
    ///   - owner: who may own what is on the way, beside root.
    ///   - trustsGroupOfRoot: what the group of root can write to is all right, if nobody else is in it, as for Debian's sshd.
    /// - Returns: what is wrong, in the order of the way there. Each place once.
    package static func faults(of path: String, owner: uid_t = 0, trustsGroupOfRoot: Bool) -> [Fault] {
        var faults: [Fault] = []
        var seen: Set<String> = []
        var links = 0
        var rest = path.split(separator: "/").map(String.init)
        var place: [String] = []

        func name(_ parts: [String]) -> String { "/" + parts.joined(separator: "/") }

        /// Returns its status; nil: there is nothing.
        func look(_ parts: [String]) -> stat? {
            let name = name(parts)
            var status = stat()
            guard lstat(name, &status) == 0 else {
                faults.append(.missing(name, errno))
                return nil
            }
            guard seen.insert(name).inserted else { return status }
            if status.st_uid != 0, status.st_uid != owner {
                faults.append(.owner(name, status.st_uid))
            } else if status.st_mode & S_IFMT != S_IFLNK,
                isWritable(status, trustsGroupOfRoot: trustsGroupOfRoot)
            {
                faults.append(.writable(name, status.st_mode & 0o7777))
            }
            return status
        }

        guard look([]) != nil else { return faults }
        while !rest.isEmpty {
            let part = rest.removeFirst()
            if part == "." { continue }
            if part == ".." {
                _ = place.popLast()
                continue
            }
            guard let status = look(place + [part]) else { return faults }
            guard status.st_mode & S_IFMT == S_IFLNK else {
                place.append(part)
                continue
            }
            links += 1
            guard links <= mostLinks, let target = target(of: name(place + [part])) else {
                faults.append(.loop(name(place + [part])))
                return faults
            }
            if target.hasPrefix("/") { place = [] }
            rest = target.split(separator: "/").map(String.init) + rest
        }
        return faults
    }

    /// Whether others than its owner can write to it.
    private static func isWritable(_ status: stat, trustsGroupOfRoot: Bool) -> Bool {
        if status.st_mode & 0o002 != 0 { return true }
        return status.st_mode & 0o020 != 0 && !(trustsGroupOfRoot && status.st_gid == 0 && groupOfRootIsEmpty)
    }

    private static let groupOfRootIsEmpty: Bool = {
        guard let entry = getgrgid(0), let members = entry.pointee.gr_mem else { return false }
        var index = 0
        while let member = members[index] {
            guard String(cString: member) == "root" else { return false }
            index += 1
        }
        return true
    }()

    private static func target(of link: String) -> String? {
        var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(link, &bytes, bytes.count)
        guard count > 0 else { return nil }
        return String(decoding: bytes.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
