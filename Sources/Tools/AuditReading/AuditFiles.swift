package import Audit
package import FoundationEssentials
import Glibc
import HelperPrograms

/// A file of audit records together with those that logrotate(8) has made of it.
package struct AuditFiles: Sendable {
    /// One of them, read.
    package struct Part: Sendable {
        package let path: String
        /// Without their ends. A last line that has no end was cut off when a process was killed: it is no record.
        package let lines: [Data.SubSequence]

        package var records: [StoredAuditRecord] { lines.compactMap { StoredAuditRecord(line: $0) } }

        fileprivate var first: Int { records.first?.sequence ?? .max }
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

    /// All of them that there are, the oldest first, whatever their names are.
    package func parts() async throws(Failure) -> [Part] {
        var parts: [Part] = []
        for path in try paths() { parts.append(try await Self.read(path)) }
        return parts.sorted { $0.first < $1.first }
    }

    /// Removes those files all of whose records are older, but never the one that is written.
    ///
    /// - Returns: their paths.
    package func removeParts(before moment: Date) async throws(Failure) -> [String] {
        var removed: [String] = []
        for part in try await parts() where part.path != path {
            guard let last = part.records.last?.time, last < moment else { continue }
            guard unlink(part.path) == 0 else {
                throw Failure(description: "\(part.path): \(String(cString: strerror(errno)))")
            }
            removed.append(part.path)
        }
        return removed
    }

    private func paths() throws(Failure) -> [String] {
        let slash = path.lastIndex(of: "/")
        let folder = String(path[..<(slash ?? path.startIndex)])
        let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
        guard let entries = opendir(folder) else {
            throw Failure(description: "\(folder): \(String(cString: strerror(errno)))")
        }
        defer { closedir(entries) }
        var paths: [String] = []
        while let entry = readdir(entries) {
            let found = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            let isOurs = found == name || found.hasPrefix("\(name).") || found.hasPrefix("\(name)-")
            if isOurs, !found.hasSuffix(".chain") { paths.append("\(folder)/\(found)") }
        }
        return paths
    }

    /// By what their names end with: what prints the contents of such a file.
    private static let decompressors = [".gz": "gzip", ".xz": "xz", ".zst": "zstd", ".bz2": "bzip2"]
    private static let largestFile = 1 << 31

    private static func read(_ path: String) async throws(Failure) -> Part {
        var data: Data
        if let program = decompressors.first(where: { path.hasSuffix($0.key) })?.value {
            let helper = HelperProgram(
                words: [program, "-dc", path], outputLimit: largestFile, limit: .seconds(600))
            do throws(HelperProgram.Failure) {
                let outcome = try await helper.run(reading: [])
                guard outcome.status == .exited(0) else {
                    throw .failed("\(program): \(outcome.lastWords)")
                }
                data = Data(outcome.output)
            } catch {
                throw Failure(description: "\(path): \(error)")
            }
        } else {
            do {
                data = try Data(contentsOf: URL(filePath: path))
            } catch {
                throw Failure(description: "\(path) cannot be read: \(String(cString: strerror(errno)))")
            }
        }
        let end = data.lastIndex(of: UInt8(ascii: "\n")) ?? data.startIndex
        return Part(path: path, lines: data[..<end].split(separator: UInt8(ascii: "\n")))
    }
}
