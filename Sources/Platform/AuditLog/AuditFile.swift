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

        let size = Self.cutOff(file, size: Int(status.st_size))
        let link = link(of: file, size: size, inode: UInt64(status.st_ino), memory.recall())
        let line = record.line(after: link)
        try write(Array((line + "\n").utf8), to: file, size: size)
        memory.remember(
            AuditLink(sequence: (link?.sequence ?? 0) + 1, hash: AuditLink.hash(of: Array(line.utf8))),
            inode: UInt64(status.st_ino), size: size + line.utf8.count + 1)
        return (line, link)
    }

    /// The last record of the chain, which the new one follows.
    ///
    /// What is remembered counts. A process that was killed can have written records without remembering them, and they
    /// count if they follow it. If the file does not have what is remembered, the next record leaves a gap, which the
    /// verification finds.
    private func link(
        of file: CInt, size: Int, inode: UInt64, _ known: ChainMemory.Place?
    ) -> AuditLink? {
        guard let known else { return Self.lastLink(of: file, size: size) }
        guard known.inode != inode else {
            return Self.follow(known.link, in: file, from: known.size, to: size)
        }
        let end = renamedFile(known) ?? known.link
        return Self.follow(end, in: file, from: 0, to: size)
    }

    /// The last one of the records in a part of a file that follow a record, one after the other.
    private static func follow(_ link: AuditLink, in file: CInt, from start: Int, to end: Int) -> AuditLink {
        var last = link
        for line in lines(of: file, from: start, to: end) { last = last.next(line) ?? last }
        return last
    }

    private static func lastLink(of file: CInt, size: Int) -> AuditLink? {
        lines(of: file, from: max(0, size - longestLine), to: size).last.flatMap { AuditLink(ofLine: $0) }
    }

    private static func lines(of file: CInt, from start: Int, to end: Int) -> [ArraySlice<UInt8>] {
        guard end > start else { return [] }
        var bytes = [UInt8](repeating: 0, count: end - start)
        guard pread(file, &bytes, bytes.count, off_t(start)) == bytes.count else { return [] }
        return bytes.split(separator: newline)
    }

    /// Removes the beginning of a record at the file's end: the process that wrote it was killed.
    ///
    /// - Returns: the file's size after that.
    private static func cutOff(_ file: CInt, size: Int) -> Int {
        var last: UInt8 = 0
        guard size > 0, pread(file, &last, 1, off_t(size - 1)) == 1, last != newline else { return size }
        let length = min(size, longestLine)
        var bytes = [UInt8](repeating: 0, count: length)
        guard pread(file, &bytes, length, off_t(size - length)) == length else { return size }
        guard let end = bytes.lastIndex(of: newline) ?? (length == size ? -1 : nil) else { return size }
        let whole = size - (length - 1 - end)
        return ftruncate(file, off_t(whole)) == 0 ? whole : size
    }

    /// The last record of the file that was renamed, if a process was killed after it had written that there.
    private func renamedFile(_ known: ChainMemory.Place) -> AuditLink? {
        let folder = Folder.parts(of: path).folder
        for name in Folder.names(in: folder) ?? [] {
            let file = open("\(folder)/\(name)", O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
            guard file >= 0 else { continue }
            defer { close(file) }
            var status = stat()
            guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
                UInt64(status.st_ino) == known.inode
            else { continue }
            let size = Self.cutOff(file, size: Int(status.st_size))
            return Self.follow(known.link, in: file, from: known.size, to: size)
        }
        return nil
    }

    /// The last record, as it is remembered; nil: nothing is.
    package var remembered: AuditLink? { ChainMemory.remembered(besides: path)?.link }

    private func openFile() throws(AuditFailure) -> CInt {
        let flags = O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW
        let file = open(path, flags, 0o640)
        guard file >= 0 else { throw AuditFailure("\(path): \(AuditFailure.reason)") }
        return file
    }

    /// Writes a whole line, or nothing.
    private func write(_ line: [UInt8], to file: CInt, size: Int) throws(AuditFailure) {
        if let reason = WholeLine.append(line, to: file, size: size) {
            throw AuditFailure("\(path): \(reason)")
        }
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
