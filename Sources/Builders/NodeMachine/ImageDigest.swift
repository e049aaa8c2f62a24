package import AllocatorPrograms
import Glibc
import HelperPrograms

/// The SHA-256 of an image: what `sha256sum vmlinuz initramfs.cpio.gz root.qcow2 | sha256sum` prints in its folder, without
/// the last file if there is none.
package enum ImageDigest {
    /// An image of some gigabytes comes from a shared folder, perhaps a slow one.
    private static let limit = Duration.seconds(1800)

    /// In hexadecimal digits.
    package static func of(_ folder: String) async throws(AllocatorFailure) -> String {
        var files = ["vmlinuz", "initramfs.cpio.gz"]
        let disk = "root.qcow2"
        if access("\(folder)/\(disk)", F_OK) == 0 { files.append(disk) }
        for file in files where access("\(folder)/\(file)", R_OK) != 0 {
            throw .folder("\(folder)/\(file)", errno)
        }
        do throws(HelperProgram.Failure) {
            let sums = try await SHA256Sum.of(files, in: folder, limit: limit)
            let list = zip(sums, files).map { "\($0)  \($1)\n" }.joined()
            return try await SHA256Sum.of(["-"], in: folder, reading: Array(list.utf8), limit: limit)[0]
        } catch {
            throw AllocatorFailure("the image in \(folder) cannot be read: \(error)")
        }
    }
}
