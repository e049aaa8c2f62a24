package import Audit
import Glibc

/// A file of audit records, one on each line, which several processes of one user can write, and which can be renamed at any
/// time, as logrotate(8) does.
///
/// Each record is there as a whole, or not at all, also if the process is killed. Beside the file, `FILE.chain` remembers
/// the last record, so that a new file continues the chain of the one before.
package struct AuditFile: Sendable {
    package let path: String

    package init(_ path: String) {
        self.path = path
    }

    /// The longest line that is read: no record is longer.
    private static let longestLine = 256 << 10

    /// Appends a record.
    ///
    /// - Returns: its line, without the end, and the place of the record before; nil: it is the first.
    @discardableResult
    package func append(
        _ record: AuditRecord
    ) throws(AuditFailure) -> (line: String, previous: AuditLink?) {
        let memory = try ChainMemory.open(besides: path)
        defer { memory.close() }
        let file = try openFile()
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw AuditFailure("\(path): \(AuditFailure.reason)") }
        guard status.st_mode & S_IFMT == S_IFREG else { throw AuditFailure("\(path) is no file") }

        var size = Int(status.st_size)
        let link = link(of: file, &size, inode: UInt64(status.st_ino), memory)
        let line = record.line(after: link)
        try write(Array((line + "\n").utf8), to: file, size: size)
        memory.remember(
            AuditLink(sequence: (link?.sequence ?? 0) + 1, hash: AuditLink.hash(of: Array(line.utf8))),
            inode: UInt64(status.st_ino), size: size + line.utf8.count + 1)
        return (line, link)
    }

    /// The place of the last record, wherever it is.
    ///
    /// - Parameter size: of the file; less afterwards, if its last line was cut off when a process was killed.
    private func link(
        of file: CInt, _ size: inout Int, inode: UInt64, _ memory: ChainMemory
    ) -> AuditLink? {
        let known = memory.recall()
        if let known, known.inode == inode, known.size == size { return known.link }
        if size > 0, let link = Self.lastLink(of: file, &size) { return link }
        guard let known, known.inode != inode else { return known?.link }
        return renamedFile(inode: known.inode, longerThan: known.size) ?? known.link
    }

    private static func lastLink(of file: CInt, _ size: inout Int) -> AuditLink? {
        let length = min(size, longestLine)
        var bytes = [UInt8](repeating: 0, count: length)
        guard pread(file, &bytes, length, off_t(size - length)) == length else { return nil }
        if let end = bytes.lastIndex(of: newline), end < length - 1,
            ftruncate(file, off_t(size - (length - 1 - end))) == 0
        {
            size -= length - 1 - end
            bytes.removeLast(length - 1 - end)
        }
        guard bytes.last == newline else { return nil }
        bytes.removeLast()
        let start = bytes.lastIndex(of: newline).map { $0 + 1 } ?? 0
        return AuditLink(ofLine: bytes[start...])
    }

    /// The last record of the file that was renamed, if a process was killed after it had written it there.
    private func renamedFile(inode: UInt64, longerThan size: Int) -> AuditLink? {
        let folder = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
        guard let entries = opendir(folder) else { return nil }
        defer { closedir(entries) }
        while let entry = readdir(entries) {
            guard UInt64(entry.pointee.d_ino) == inode else { continue }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            let file = open("\(folder)/\(name)", O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
            guard file >= 0 else { return nil }
            defer { close(file) }
            var status = stat()
            guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size > size
            else { return nil }
            var length = Int(status.st_size)
            return Self.lastLink(of: file, &length)
        }
        return nil
    }

    private func openFile() throws(AuditFailure) -> CInt {
        let flags = O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW
        let file = open(path, flags, 0o640)
        guard file >= 0 else { throw AuditFailure("\(path): \(AuditFailure.reason)") }
        return file
    }

    /// Writes a whole line, or nothing.
    private func write(_ line: [UInt8], to file: CInt, size: Int) throws(AuditFailure) {
        var count = -1
        repeat { count = Glibc.write(file, line, line.count) } while count < 0 && errno == EINTR
        guard count != line.count else { return }
        let reason = count < 0 ? AuditFailure.reason : "the disk is full"
        if count > 0 { ftruncate(file, off_t(size)) }
        throw AuditFailure("\(path): \(reason)")
    }

    private static let newline = UInt8(ascii: "\n")
}

/// A record could not be written.
package struct AuditFailure: Error, Equatable, CustomStringConvertible {
    /// Why, for the administrator.
    package let description: String

    init(_ description: String) {
        self.description = description
    }

    static var reason: String { String(cString: strerror(errno)) }
}
