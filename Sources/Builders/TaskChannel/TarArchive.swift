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
        bytes += Self.header(path, mode: mode, size: contents.count)
        bytes += contents
        bytes += [UInt8](repeating: 0, count: (512 - contents.count % 512) % 512)
    }

    func finished() -> [UInt8] { bytes + [UInt8](repeating: 0, count: 1024) }

    /// One block. Numbers are octal digits.
    private static func header(_ path: String, mode: UInt32, size: Int) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ text: some Sequence<UInt8>, at offset: Int) {
            for (index, byte) in text.enumerated() { block[offset + index] = byte }
        }
        func put(_ number: Int, digits: Int, at offset: Int) {
            let octal = String(number, radix: 8)
            put((String(repeating: "0", count: max(0, digits - octal.count)) + octal).utf8, at: offset)
        }
        // A long path is in two fields, of 155 and 100 bytes, with a slash between them that is in neither.
        let name = Array(path.utf8)
        if name.count <= 100 {
            put(name, at: 0)
        } else {
            let slash = name.indices.dropLast().last { name[$0] == UInt8(ascii: "/") && $0 <= 155 } ?? 0
            precondition(slash > 0 && name.count - slash - 1 <= 100, "a task's name has at most 128 bytes")
            put(name[..<slash], at: 345)
            put(name[(slash + 1)...], at: 0)
        }
        put(Int(mode), digits: 7, at: 100)
        put(0, digits: 7, at: 108)
        put(0, digits: 7, at: 116)
        put(size, digits: 11, at: 124)
        put(0, digits: 11, at: 136)
        block[156] = UInt8(ascii: "0")
        put("ustar\u{0}00".utf8, at: 257)
        // The sum counts its own field as blanks.
        put("        ".utf8, at: 148)
        put(block.reduce(0) { $0 + Int($1) }, digits: 6, at: 148)
        block[154] = 0
        return block
    }
}
