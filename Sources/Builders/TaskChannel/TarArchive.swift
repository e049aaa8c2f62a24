/// What writes an archive.
protocol ArchiveWriter {
    mutating func addFolder(_ path: String, mode: UInt32)
    mutating func addFile(_ path: String, mode: UInt32, contents: [UInt8])
    /// The archive with its end.
    func finished() -> [UInt8]
}

/// A tar archive as POSIX defines it: pax(1), ustar interchange format.
struct TarArchive: ArchiveWriter {
    private var bytes: [UInt8] = []

    /// Nothing: tar(1) makes the folders of files, and a folder's own name could be too long here.
    mutating func addFolder(_ path: String, mode: UInt32) {}

    /// Appends a file, owned by whoever unpacks it.
    mutating func addFile(_ path: String, mode: UInt32, contents: [UInt8]) {
        bytes += TarHeader.bytes(path, mode: mode, size: contents.count)
        bytes += contents
        bytes += TarHeader.padding(after: contents.count)
    }

    func finished() -> [UInt8] { bytes + TarHeader.end }
}
