package import AllocatorPrograms
import Crypto
import Glibc

/// The SHA-256 of an image: what `sha256sum vmlinuz initramfs.cpio.gz root.qcow2 | sha256sum` prints in its folder, without
/// the last file if there is none.
package enum ImageDigest {
    /// In hexadecimal digits.
    package static func of(_ folder: String) throws(AllocatorFailure) -> String {
        var list = ""
        for name in ["vmlinuz", "initramfs.cpio.gz"] {
            guard let digest = try digest(ofFile: "\(folder)/\(name)") else {
                throw .folder("\(folder)/\(name)", ENOENT)
            }
            list += "\(digest)  \(name)\n"
        }
        if let digest = try digest(ofFile: "\(folder)/root.qcow2") { list += "\(digest)  root.qcow2\n" }
        return hexadecimal(SHA256.hash(data: Array(list.utf8)))
    }

    /// Nil: there is no such file.
    private static func digest(ofFile path: String) throws(AllocatorFailure) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            guard errno != ENOENT else { return nil }
            throw .folder(path, errno)
        }
        defer { close(descriptor) }
        var hash = SHA256()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .folder(path, errno) }
            if count == 0 { break }
            hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
        return hexadecimal(hash.finalize())
    }

    private static func hexadecimal(_ digest: SHA256.Digest) -> String {
        digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
