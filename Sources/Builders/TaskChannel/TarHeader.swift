/// What stands around the contents of files in a tar archive, as POSIX defines it: pax(1), ustar and pax interchange formats.
package enum TarHeader {
    private static let blockSize = 512
    /// The most bytes of a file: eleven octal digits.
    package static let largestFile = (1 << 33) - 1

    /// What comes before a file, owned by whoever unpacks it.
    ///
    /// - Parameters:
    ///   - size: at most ``largestFile``.
    ///   - modified: seconds since 1970.
    package static func bytes(_ path: String, mode: UInt32, size: Int, modified: Int = 0) -> [UInt8] {
        let name = Array(path.utf8)
        if let slash = split(name) {
            return block(
                prefix: name[..<slash.end], name: name[slash.start...], mode, size, modified, type: "0")
        }
        // An extended header has the path; programs that do not know it see the end of it.
        let record = record("path", path)
        return block(prefix: [], name: Array("pax".utf8)[...], 0o644, record.count, modified, type: "x")
            + record + padding(after: record.count)
            + block(prefix: [], name: name.suffix(100), mode, size, modified, type: "0")
    }

    /// What comes after the contents of a file.
    package static func padding(after size: Int) -> [UInt8] {
        [UInt8](repeating: 0, count: (blockSize - size % blockSize) % blockSize)
    }

    /// What comes after the last file.
    package static let end = [UInt8](repeating: 0, count: 2 * blockSize)

    /// Where the two fields of a path, of 155 and 100 bytes, end and start: with a slash between them that is in neither. Nil:
    /// it does not fit.
    private static func split(_ name: [UInt8]) -> (end: Int, start: Int)? {
        guard name.count > 100 else { return (0, 0) }
        guard let slash = name.indices.dropLast().last(where: { name[$0] == UInt8(ascii: "/") && $0 <= 155 }),
            slash > 0, name.count - slash - 1 <= 100
        else { return nil }
        return (slash, slash + 1)
    }

    /// `LENGTH KEY=VALUE\n`, whose length counts its own digits.
    private static func record(_ key: String, _ value: String) -> [UInt8] {
        let rest = " \(key)=\(value)\n"
        var length = rest.utf8.count
        while "\(length)".utf8.count + rest.utf8.count != length {
            length = "\(length)".utf8.count + rest.utf8.count
        }
        return Array("\(length)\(rest)".utf8)
    }

    /// One block. Numbers are octal digits.
    private static func block(
        prefix: ArraySlice<UInt8>, name: ArraySlice<UInt8>, _ mode: UInt32, _ size: Int, _ modified: Int,
        type: Unicode.Scalar
    ) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: blockSize)
        func put(_ text: some Sequence<UInt8>, at offset: Int) {
            for (index, byte) in text.enumerated() { block[offset + index] = byte }
        }
        func put(_ number: Int, digits: Int, at offset: Int) {
            let octal = String(number, radix: 8)
            put((String(repeating: "0", count: max(0, digits - octal.count)) + octal).utf8, at: offset)
        }
        precondition((0...largestFile).contains(size) && (0...largestFile).contains(modified))
        put(prefix, at: 345)
        put(name, at: 0)
        put(Int(mode), digits: 7, at: 100)
        put(0, digits: 7, at: 108)
        put(0, digits: 7, at: 116)
        put(size, digits: 11, at: 124)
        put(modified, digits: 11, at: 136)
        block[156] = UInt8(ascii: type)
        put("ustar\u{0}00".utf8, at: 257)
        // The sum counts its own field as blanks.
        put("        ".utf8, at: 148)
        put(block.reduce(0) { $0 + Int($1) }, digits: 6, at: 148)
        block[154] = 0
        return block
    }
}
