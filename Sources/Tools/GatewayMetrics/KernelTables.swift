import Glibc

/// Which files are locked and which Unix sockets are listened on, as /proc says: nobody is disturbed.
struct KernelTables {
    /// The numbers of the files that somebody has locked with flock(2): `device:inode`.
    private let locked: Set<String>
    /// The paths on which somebody listens.
    private let listening: Set<String>

    static func read() -> KernelTables {
        KernelTables(
            locks: Folder.text(of: "/proc/locks"), sockets: Folder.text(of: "/proc/net/unix"))
    }

    /// - Parameters:
    ///   - locks: `1: FLOCK  ADVISORY  WRITE 708 00:1a:2310 0 EOF` (proc(5)), each.
    ///   - sockets: `Num RefCount Protocol Flags Type St Inode Path` (proc_net_unix(5)), each.
    init(locks: String, sockets: String) {
        locked = Set(
            locks.split(separator: "\n").compactMap { line in
                let words = line.split(separator: " ")
                return words.count >= 6 && words[1] == "FLOCK" ? String(words[5]) : nil
            })
        // Of a socket that listens: __SO_ACCEPTCON.
        listening = Set(
            sockets.split(separator: "\n").compactMap { line in
                let words = line.split(separator: " ", maxSplits: 7)
                return words.count == 8 && words[3] == "00010000" ? String(words[7]) : nil
            })
    }

    /// How many files in a folder are locked; none if there is no such folder.
    func lockedFiles(in folder: String) -> Int {
        Folder.names(in: folder).count { name in
            var status = stat()
            return lstat("\(folder)/\(name)", &status) == 0 && locked.contains(Self.number(of: status))
        }
    }

    /// On how many sockets in a folder somebody listens.
    func listeners(in folder: String, suffix: String) -> Int {
        listening.count { $0.hasPrefix(folder + "/") && $0.hasSuffix(suffix) }
    }

    /// As /proc/locks has it: major and minor number in hexadecimal, with two digits at least.
    static func number(of status: stat) -> String {
        let device = UInt64(status.st_dev)
        let major = (device >> 8) & 0xfff | (device >> 32) & ~0xfff
        let minor = device & 0xff | (device >> 12) & ~0xff
        return "\(hexadecimal(major)):\(hexadecimal(minor)):\(status.st_ino)"
    }

    private static func hexadecimal(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return digits.count < 2 ? "0" + digits : digits
    }
}
