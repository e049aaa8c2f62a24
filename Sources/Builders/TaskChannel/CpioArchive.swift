/// A cpio archive in the format that the kernel unpacks as an initramfs ("newc": Linux, buffer-format.rst).
package struct CpioArchive: ArchiveWriter {
    private var bytes: [UInt8] = []
    private var count = 0

    package init() {}

    /// Appends a folder.
    package mutating func addFolder(_ path: String, mode: UInt32 = 0o755) {
        add(path, mode: 0o040000 | mode, contents: [])
    }

    /// Appends a file, owned by root.
    package mutating func addFile(_ path: String, mode: UInt32 = 0o644, contents: [UInt8]) {
        add(path, mode: 0o100000 | mode, contents: contents)
    }

    /// The archive with its trailer.
    package func finished() -> [UInt8] {
        var archive = self
        archive.add("TRAILER!!!", mode: 0, contents: [])
        return archive.bytes
    }

    /// Thirteen numbers of eight hexadecimal digits, the name with a NUL, the contents; each padded to four bytes.
    private mutating func add(_ path: String, mode: UInt32, contents: [UInt8]) {
        count += 1
        let links: UInt32 = mode & 0o040000 != 0 ? 2 : 1
        let fields: [UInt32] = [
            UInt32(count), mode, 0, 0, links, 0, UInt32(contents.count), 0, 0, 0, 0,
            UInt32(path.utf8.count + 1), 0,
        ]
        bytes += Array("070701".utf8)
        for field in fields {
            let digits = String(field, radix: 16)
            bytes += Array((String(repeating: "0", count: 8 - digits.count) + digits).utf8)
        }
        bytes += Array(path.utf8) + [0]
        pad()
        bytes += contents
        pad()
    }

    private mutating func pad() {
        bytes += [UInt8](repeating: 0, count: (4 - bytes.count % 4) % 4)
    }
}
