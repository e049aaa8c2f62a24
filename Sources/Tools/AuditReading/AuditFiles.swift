package import Audit
import AuditLog
package import FoundationEssentials
import Glibc
import HelperPrograms

/// A file of audit records together with those that logrotate(8) has made of it. Only one of them is in memory at a time.
package struct AuditFiles: Sendable {
    /// One of them, read.
    package struct Part: Sendable {
        package let path: String
        /// Without their ends. A last line that has no end was cut off when a process was killed: it is no record.
        package let lines: [Data.SubSequence]
        /// Why it could not be read, or not to its end.
        package let fault: String?

        package var records: [StoredAuditRecord] { lines.compactMap { StoredAuditRecord(line: $0) } }
    }

    /// The file could not be read.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String

        /// There is no chain to verify.
        package static let noFile = Failure(
            description:
                "No audit_file is configured, and only files have a chain: set gateway.audit_file or runner.audit_file."
        )
    }

    private let path: String

    package init(_ path: String) {
        self.path = path
    }

    /// Reads all of them that there are, the oldest first, whatever their names are.
    package func forEachPart(_ body: (Part) -> Void) async throws(Failure) {
        var first: [(path: String, sequence: Int)] = []
        for path in try paths() {
            let part = await Self.read(path)
            let sequence = part.lines.lazy.compactMap { StoredAuditRecord(line: $0)?.sequence }.first
            first.append((path, sequence ?? .max))
        }
        for (path, _) in first.sorted(by: { $0.sequence < $1.sequence }) { body(await Self.read(path)) }
    }

    /// Removes those files all of whose records are older, but never the one that is written, nor one that cannot be read.
    ///
    /// - Returns: their paths.
    package func removeParts(before moment: Date) async throws(Failure) -> [String] {
        var removed: [String] = []
        for path in try paths() where path != self.path {
            let part = await Self.read(path)
            let last = part.lines.reversed().lazy.compactMap { StoredAuditRecord(line: $0)?.time }.first
            guard part.fault == nil, let last, last < moment else { continue }
            guard unlink(path) == 0 else { throw Failure(description: "\(path): \(Self.reason)") }
            removed.append(path)
        }
        return removed
    }

    private func paths() throws(Failure) -> [String] {
        let (folder, name) = Folder.parts(of: path)
        guard let names = Folder.names(in: folder) else {
            throw Failure(description: "\(folder): \(Self.reason)")
        }
        return names.filter { found in
            let isOurs = found == name || found.hasPrefix("\(name).") || found.hasPrefix("\(name)-")
            return isOurs && !found.hasSuffix(".chain")
        }.map { "\(folder)/\($0)" }
    }

    /// By what their names end with: what prints the contents of such a file.
    private static let decompressors = [".gz": "gzip", ".xz": "xz", ".zst": "zstd", ".bz2": "bzip2"]
    private static let largestFile = 1 << 31

    private static var reason: String { String(cString: strerror(errno)) }

    private static func read(_ path: String) async -> Part {
        var status = stat()
        // Somebody else's folder can have anything in it.
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            return Part(path: path, lines: [], fault: "this is no file")
        }
        guard let program = decompressors.first(where: { path.hasSuffix($0.key) })?.value else {
            guard let data = try? Data(contentsOf: URL(filePath: path)) else {
                return Part(path: path, lines: [], fault: "it cannot be read: \(reason)")
            }
            return Part(path: path, lines: lines(of: data), fault: nil)
        }
        let helper = HelperProgram(
            words: [program, "-dc", "--", path], outputLimit: largestFile, limit: .seconds(600))
        do throws(HelperProgram.Failure) {
            let outcome = try await helper.run(reading: [])
            let fault = outcome.status == .exited(0) ? nil : "\(program): \(outcome.lastWords)"
            return Part(path: path, lines: lines(of: Data(outcome.output)), fault: fault)
        } catch {
            return Part(path: path, lines: [], fault: "\(program): \(error)")
        }
    }

    private static func lines(of data: Data) -> [Data.SubSequence] {
        let end = data.lastIndex(of: UInt8(ascii: "\n")) ?? data.startIndex
        return data[..<end].split(separator: UInt8(ascii: "\n"))
    }
}
