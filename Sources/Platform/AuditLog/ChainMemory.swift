import Audit
import Glibc
import Synchronization

/// The small file beside a file of audit records: what its last record was, and where. It is locked while somebody writes.
struct ChainMemory {
    /// The last record that was written, and the file that it is in, by its inode and size.
    struct Place: Equatable {
        var link: AuditLink
        var inode: UInt64
        var size: Int
    }

    private let file: CInt

    /// So long a line can become.
    private static let length = 160
    /// For how long others, each of whom writes one record, can keep us waiting: once, and then no more.
    private static let timeout = Duration.seconds(2)
    private static let isStuck = Atomic(false)
    private static let interval = timespec(tv_sec: 0, tv_nsec: 500_000)

    /// Waits until nobody else writes.
    static func open(besides path: String) throws(AuditFailure) -> ChainMemory {
        let file = Glibc.open(
            path + ".chain", O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW, 0o640)
        guard file >= 0 else { throw AuditFailure("\(path).chain: \(AuditFailure.reason)") }
        let start = ContinuousClock.now
        while flock(file, LOCK_EX | LOCK_NB) != 0 {
            guard [EWOULDBLOCK, EINTR].contains(errno), ContinuousClock.now - start < timeout,
                !isStuck.load(ordering: .relaxed)
            else {
                isStuck.store(true, ordering: .relaxed)
                Glibc.close(file)
                throw AuditFailure("\(path).chain: it is locked")
            }
            var pause = interval
            nanosleep(&pause, nil)
        }
        isStuck.store(false, ordering: .relaxed)
        return ChainMemory(file: file)
    }

    /// Nil: nothing usable is there.
    static func remembered(besides path: String) -> Place? {
        let file = Glibc.open(path + ".chain", O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW)
        guard file >= 0 else { return nil }
        defer { Glibc.close(file) }
        return ChainMemory(file: file).recall()
    }

    func close() {
        Glibc.close(file)
    }

    /// Nil: nothing usable is there.
    func recall() -> Place? {
        var bytes = [UInt8](repeating: 0, count: Self.length)
        let count = pread(file, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        let words = String(decoding: bytes[..<count], as: UTF8.self).split(whereSeparator: \.isWhitespace)
        guard words.count == 4, let sequence = Int(words[0]), words[1].utf8.count == 64,
            let inode = UInt64(words[2]), let size = Int(words[3])
        else { return nil }
        return Place(link: AuditLink(sequence: sequence, hash: String(words[1])), inode: inode, size: size)
    }

    /// If that fails, the file of the records itself says the same.
    func remember(_ link: AuditLink, inode: UInt64, size: Int) {
        let words = "\(link.sequence) \(link.hash) \(inode) \(size)"
        let line = words + String(repeating: " ", count: max(0, Self.length - 1 - words.utf8.count)) + "\n"
        _ = pwrite(file, Array(line.utf8), line.utf8.count, 0)
    }
}
