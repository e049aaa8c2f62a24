import Glibc

/// A file that nobody but root can change or replace, as sshd demands it of its programs: sshd_config(5),
/// AuthorizedKeysCommand.
package enum RootsFile {
    /// What is wrong with it; nil: nothing.
    package static func objection(to path: String) -> String? { objection(to: path, for: R_OK, "read") }

    /// The same of a program, which can also be executed.
    package static func objection(toProgram path: String) -> String? {
        objection(to: path, for: X_OK, "executed")
    }

    private static func objection(to path: String, for mode: Int32, _ verb: String) -> String? {
        if let objection = objection(toEachStepOf: path) { return objection }
        guard access(path, mode) == 0 else {
            return "\(path) cannot be \(verb): \(String(cString: strerror(errno)))"
        }
        return nil
    }

    /// As the kernel does.
    private static let mostLinks = 40

    /// The file, and every folder and link on the way to it: who can change one of them can name another file.
    private static func objection(toEachStepOf path: String) -> String? {
        guard path.hasPrefix("/") else { return "\(path) must begin with a /" }
        var place = ""
        var steps = ["/"] + path.split(separator: "/").map(String.init)
        var links = 0
        while !steps.isEmpty {
            let step = steps.removeFirst()
            if step == "." { continue }
            if step == ".." {
                place = String(place[..<(place.lastIndex(of: "/") ?? place.startIndex)])
                continue
            }
            let next = step == "/" ? "/" : "\(place)/\(step)"
            var status = stat()
            guard lstat(next, &status) == 0 else { return "\(next): \(String(cString: strerror(errno)))" }
            let isLink = status.st_mode & S_IFMT == S_IFLNK
            guard status.st_uid == 0, isLink || status.st_mode & 0o022 == 0 else {
                return "\(next) must belong to root, and nobody else may be able to write to it"
            }
            guard isLink else {
                place = step == "/" ? "" : next
                continue
            }
            links += 1
            guard links <= mostLinks, let target = target(of: next) else {
                return "\(path): \(String(cString: strerror(ELOOP)))"
            }
            if target.hasPrefix("/") { place = "" }
            steps = target.split(separator: "/").map(String.init) + steps
        }
        return nil
    }

    private static func target(of link: String) -> String? {
        var bytes = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(link, &bytes, bytes.count)
        return count > 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : nil
    }
}
