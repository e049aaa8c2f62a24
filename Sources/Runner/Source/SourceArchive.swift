import CArchive
import Glibc
import Presentation

/// A job's source: a tar archive, plain or compressed with gzip, as a person has sent it.
///
/// Of its contents the runner reads only the manifest; the builder unpacks it. libarchive does the reading.
struct SourceArchive: Sendable {
    let path: String

    /// The manifest that is meant if nobody names one.
    static let usualManifest = ".build.yml"
    /// The most bytes that an archive can have when it is unpacked. A few kilobytes can become any number.
    static let unpackedLimit: Int64 = 4 << 30
    /// The most files, folders and links. Empty ones cost next to nothing when they are sent, and much when they are read.
    static let entryLimit = 200_000

    /// Reads the whole archive, because one that is cut off must not become a job, and returns the manifest's bytes.
    ///
    /// It takes as long as unpacking, so it must not run where others wait.
    ///
    /// - Parameters:
    ///   - name: the manifest's path in the archive, with or without `./` before it.
    ///   - unpackedLimit: bytes.
    func manifest(
        named name: String, unpackedLimit: Int64 = SourceArchive.unpackedLimit,
        entryLimit: Int = SourceArchive.entryLimit
    ) throws(RunnerError) -> [UInt8] {
        let bytes: TarBytes
        do { bytes = try TarBytes(path: path, limit: unpackedLimit) } catch {
            throw refusal(of: error, unpackedLimit)
        }
        guard let archive = archive_read_new() else { throw refusal("cannot be read: out of memory") }
        defer { archive_read_free(archive) }
        archive_read_support_format_tar(archive)
        func refused(_ what: String) -> RunnerError {
            bytes.failure.map { refusal(of: $0, unpackedLimit) }
                ?? refusal(what, archive_error_string(archive).map { String(cString: $0) })
        }
        let opened = archive_read_open(
            archive, Unmanaged.passUnretained(bytes).toOpaque(), nil,
            { _, object, start in
                let bytes = Unmanaged<TarBytes>.fromOpaque(object!).takeUnretainedValue()
                guard let next = try? bytes.next() else { return -1 }
                start?.pointee = next.baseAddress
                return next.count
            }, nil)
        guard opened == ARCHIVE_OK else { throw refused("is not a tar archive") }
        let wanted = Self.normalized(name)
        var manifest: [UInt8]?
        var entry: OpaquePointer?
        var entries = 0
        while true {
            let result = bytes.readingHeader { archive_read_next_header(archive, &entry) }
            if result == ARCHIVE_EOF { break }
            guard result >= ARCHIVE_WARN, let entry else { throw refused("is damaged or cut off") }
            entries += 1
            guard entries <= entryLimit else {
                throw RunnerError(
                    .tooLarge,
                    "The source has more than \(entryLimit) files and folders. Leave out what the build does not need."
                )
            }
            let isManifest =
                archive_entry_filetype(entry) == S_IFREG
                && archive_entry_pathname(entry).map { Self.normalized(String(cString: $0)) } == wanted
            var contents: [UInt8] = []
            // Skipping an entry would unpack it, too.
            var (block, count, offset): (UnsafeRawPointer?, Int, Int64) = (nil, 0, 0)
            while true {
                let result = archive_read_data_block(archive, &block, &count, &offset)
                if result == ARCHIVE_EOF { break }
                guard result >= ARCHIVE_WARN else { throw refused("is damaged or cut off") }
                guard isManifest, let block else { continue }
                contents += UnsafeRawBufferPointer(start: block, count: count)
                guard contents.count <= Manifest.maximumSize else {
                    throw RunnerError(
                        .tooLarge, "The manifest is larger than \(Manifest.maximumSize >> 10) KiB.")
                }
            }
            // Of several files with one name, tar leaves the last one.
            if isManifest { manifest = contents }
        }
        // libarchive takes the end of the file for the end of the archive; tar writes blocks of zeros.
        do { while try !bytes.next().isEmpty {} } catch { throw refusal(of: error, unpackedLimit) }
        guard bytes.zerosAtEnd >= 1024 else { throw refusal("is cut off") }
        guard let manifest else {
            let shown = name.utf8.count <= 100 ? name : "with this name"
            throw RunnerError(
                .unprocessable(line: nil, key: "manifest"), "There is no file \(shown) in the archive.")
        }
        return manifest
    }

    /// All of it is on the disk when this returns: a job that exists has its source.
    func sync() throws(RunnerError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw IncomingSource.failure(errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw IncomingSource.failure(errno) }
    }

    /// Whether it is compressed with gzip (RFC 1952 section 2.3.1).
    func isCompressed() throws(RunnerError) -> Bool {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw refusal("cannot be read", String(cString: strerror(errno)))
        }
        defer { close(descriptor) }
        var start: [UInt8] = [0, 0]
        return pread(descriptor, &start, 2, 0) == 2 && start == [0x1f, 0x8b]
    }

    private static func normalized(_ path: String) -> [Substring] {
        path.split(separator: "/").filter { $0 != "." }
    }

    private func refusal(of failure: TarBytes.Failure, _ unpackedLimit: Int64) -> RunnerError {
        switch failure {
        case .tooMany:
            RunnerError(.tooLarge, "Unpacked, the source is larger than \(SpokenSize.words(unpackedLimit)).")
        case .longHeader: refusal("is damaged", "an entry's header is too long")
        case .damaged(let reason): refusal("is damaged or cut off", reason)
        }
    }

    private func refusal(_ what: String, _ detail: String? = nil) -> RunnerError {
        RunnerError(
            .unprocessable(line: nil, key: nil), "The source \(what): send it with tar cz . | ssh …",
            detail: detail)
    }
}
