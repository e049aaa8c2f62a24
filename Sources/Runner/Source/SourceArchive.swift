import CArchive
import Glibc

/// A job's source: a tar archive, plain or compressed with gzip, as a person has sent it.
///
/// Of its contents the runner reads only the manifest; the builder unpacks it. libarchive does the reading.
struct SourceArchive: Sendable {
    let path: String

    /// The manifest that is meant if nobody names one.
    static let usualManifest = ".build.yml"
    /// The most bytes that an archive can have when it is unpacked. A few kilobytes can become any number.
    static let unpackedLimit: Int64 = 4 << 30

    /// Reads the whole archive, because one that is cut off must not become a job, and returns the manifest's bytes.
    ///
    /// It takes as long as unpacking, so it must not run where others wait.
    ///
    /// - Parameters:
    ///   - name: the manifest's path in the archive, with or without `./` before it.
    ///   - unpackedLimit: bytes.
    func manifest(
        named name: String, unpackedLimit: Int64 = SourceArchive.unpackedLimit
    ) throws(RunnerError) -> [UInt8] {
        guard let archive = archive_read_new() else { throw refusal("cannot be read: out of memory") }
        defer { archive_read_free(archive) }
        archive_read_support_filter_gzip(archive)
        archive_read_support_format_tar(archive)
        guard archive_read_open_filename(archive, path, 64 << 10) == ARCHIVE_OK else {
            throw refusal("is not a tar archive", archive)
        }
        let wanted = Self.normalized(name)
        var manifest: [UInt8]?
        var entry: OpaquePointer?
        while true {
            let result = archive_read_next_header(archive, &entry)
            if result == ARCHIVE_EOF { break }
            guard result >= ARCHIVE_WARN, let entry else { throw refusal("is damaged or cut off", archive) }
            let isManifest =
                archive_entry_filetype(entry) == S_IFREG
                && archive_entry_pathname(entry).map { Self.normalized(String(cString: $0)) } == wanted
            // Of several files with one name, tar leaves the last one.
            let contents = try read(archive, keeping: isManifest, unpackedLimit)
            if isManifest { manifest = contents }
        }
        guard try isWhole() else { throw refusal("is cut off") }
        guard let manifest else {
            let shown = name.utf8.count <= 100 ? name : "with this name"
            throw RunnerError(
                .unprocessable(line: nil, key: "manifest"), "There is no file \(shown) in the archive.")
        }
        return manifest
    }

    /// Reads the contents of an entry in pieces: skipping them would unpack them too, without a limit.
    private func read(
        _ archive: OpaquePointer, keeping isKept: Bool, _ unpackedLimit: Int64
    ) throws(RunnerError) -> [UInt8] {
        var contents: [UInt8] = []
        var (block, count, offset): (UnsafeRawPointer?, Int, Int64) = (nil, 0, 0)
        while true {
            let result = archive_read_data_block(archive, &block, &count, &offset)
            if result == ARCHIVE_EOF { return contents }
            guard result >= ARCHIVE_WARN else { throw refusal("is damaged or cut off", archive) }
            guard archive_filter_bytes(archive, 0) <= unpackedLimit else {
                throw RunnerError(
                    .tooLarge, "Unpacked, the source is larger than \(unpackedLimit >> 20) MB.")
            }
            guard isKept, let block else { continue }
            contents += UnsafeRawBufferPointer(start: block, count: count)
            guard contents.count <= Manifest.maximumSize else {
                throw RunnerError(
                    .tooLarge, "The manifest is larger than \(Manifest.maximumSize >> 10) KiB.")
            }
        }
    }

    /// Whether tar has written the end. gzip says so itself; a plain archive ends with blocks of zeros.
    private func isWhole() throws(RunnerError) -> Bool {
        if try isCompressed() { return true }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw refusal("cannot be read") }
        defer { close(descriptor) }
        var end = [UInt8](repeating: 1, count: 512)
        let size = lseek(descriptor, 0, SEEK_END)
        guard size >= 1024, pread(descriptor, &end, end.count, size - end.count) == end.count else {
            return false
        }
        return end.allSatisfy { $0 == 0 }
    }

    /// Whether it is compressed with gzip (RFC 1952 section 2.3.1).
    func isCompressed() throws(RunnerError) -> Bool {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw refusal("cannot be read") }
        defer { close(descriptor) }
        var start: [UInt8] = [0, 0]
        return pread(descriptor, &start, 2, 0) == 2 && start == [0x1f, 0x8b]
    }

    private static func normalized(_ path: String) -> [Substring] {
        path.split(separator: "/").filter { $0 != "." }
    }

    private func refusal(_ what: String, _ archive: OpaquePointer? = nil) -> RunnerError {
        let detail = archive.flatMap(archive_error_string).map { String(cString: $0) }
        return RunnerError(
            .unprocessable(line: nil, key: nil), "The source \(what): send it with tar cz . | ssh …",
            detail: detail)
    }
}
