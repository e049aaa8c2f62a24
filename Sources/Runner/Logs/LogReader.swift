import SystemPackage

/// Reads a log from any offset; the file does not need to exist yet.
struct LogReader: ~Copyable {
    private let log: LogFile
    private var file: FileDescriptor?

    init(_ log: LogFile) {
        self.log = log
    }

    deinit {
        try? file?.close()
    }

    /// - Returns: at most `count` bytes from `offset` on; empty at the end.
    mutating func read(_ count: Int, at offset: Int) -> [UInt8] {
        let (size, unwritten) = log.unwritten
        let written = size - unwritten.count
        guard offset < written else { return Array(unwritten.dropFirst(offset - written).prefix(count)) }
        let count = min(count, written - offset)
        if file == nil { open() }
        var bytes = readFile(count, at: offset)
        if bytes.isEmpty {
            // The log can continue in another file.
            open()
            bytes = readFile(count, at: offset)
        }
        return bytes.isEmpty ? [UInt8](repeating: 0, count: count) : bytes
    }

    private mutating func open() {
        try? file?.close()
        file = try? FileDescriptor.open(FilePath(log.path), .readOnly, options: .closeOnExec)
    }

    private func readFile(_ count: Int, at offset: Int) -> [UInt8] {
        guard let file else { return [] }
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            initialized =
                (try? file.read(
                    fromAbsoluteOffset: Int64(offset), into: UnsafeMutableRawBufferPointer(buffer)))
                ?? 0
        }
    }
}
