import CArchive

/// The bytes of a tar archive, decompressed if gzip has compressed it, within bounds.
///
/// libarchive keeps what an entry's header says in memory, so headers are bounded, too.
final class TarBytes {
    /// Why there are no more bytes although the archive has not ended.
    enum Failure: Error {
        /// More than the limit for all of them.
        case tooMany
        /// An entry's header is longer than any that tar writes.
        case longHeader
        /// gzip's data is wrong, or ends too early. In libarchive's words.
        case damaged(String?)
    }

    /// The most bytes of one entry's header, with its extensions.
    private static let headerLimit: Int64 = 1 << 20
    private static let blockSize = 64 << 10

    private let archive: OpaquePointer
    private let block = UnsafeMutableRawBufferPointer.allocate(byteCount: blockSize, alignment: 16)
    private let limit: Int64
    private var count: Int64 = 0
    private var headerStart: Int64?
    private(set) var failure: Failure?
    /// How many zeros there have been since the last other byte.
    private(set) var zerosAtEnd: Int64 = 0

    /// - Parameters:
    ///   - path: of a file that is a tar archive, or one compressed once.
    ///   - limit: bytes, decompressed.
    init(path: String, limit: Int64) throws(Failure) {
        guard let archive = archive_read_new() else { throw .damaged("out of memory") }
        self.archive = archive
        self.limit = limit
        archive_read_support_filter_gzip(archive)
        archive_read_support_format_raw(archive)
        var entry: OpaquePointer?
        guard archive_read_open_filename(archive, path, Self.blockSize) == ARCHIVE_OK,
            archive_read_next_header(archive, &entry) == ARCHIVE_OK
        else { throw .damaged(Self.reason(archive)) }
        // One of them stands for the file itself. tar decompresses only once.
        guard archive_filter_count(archive) <= 2 else { throw .damaged("compressed more than once") }
    }

    deinit {
        archive_read_free(archive)
        block.deallocate()
    }

    /// The next bytes, valid until the next call; none at the end.
    func next() throws(Failure) -> UnsafeRawBufferPointer {
        if let failure { throw failure }
        let read = archive_read_data(archive, block.baseAddress, block.count)
        guard read >= 0 else { throw fail(.damaged(Self.reason(archive))) }
        count += Int64(read)
        guard count <= limit else { throw fail(.tooMany) }
        if let headerStart, count - headerStart > Self.headerLimit { throw fail(.longHeader) }
        let bytes = UnsafeRawBufferPointer(rebasing: block[..<read])
        let zeros = Int64(bytes.reversed().prefix { $0 == 0 }.count)
        zerosAtEnd = zeros == Int64(read) ? zerosAtEnd + zeros : zeros
        return bytes
    }

    /// Bounds what is read during `body`, which reads an entry's header.
    func readingHeader<Value>(_ body: () -> Value) -> Value {
        headerStart = count
        defer { headerStart = nil }
        return body()
    }

    private func fail(_ failure: Failure) -> Failure {
        self.failure = failure
        return failure
    }

    private static func reason(_ archive: OpaquePointer) -> String? {
        archive_error_string(archive).map { String(cString: $0) }
    }
}
