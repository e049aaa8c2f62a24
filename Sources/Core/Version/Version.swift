import Glibc

/// Which Sallyport this is.
public enum Version {
    /// The number, as in CHANGELOG.md; the only place that has it.
    public static let number = "1.1"

    /// `1.1`, and the commit if the programs were built from one: `1.1 (e1b482f0c36d)`.
    public static var text: String { commit(of: programFolder()).map { "\(number) (\($0))" } ?? number }

    /// The file that `make build` writes beside the programs, and `make install` puts into their folder.
    static let fileName = "sallyport.commit"

    /// - Parameter folder: of the running program. The operator's tool is installed in another one than the rest.
    static func commit(of folder: String) -> String? {
        read("\(folder)/\(fileName)") ?? read("\(folder)/../libexec/sallyport/\(fileName)")
    }

    private static func read(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let bytes = [UInt8](unsafeUninitializedCapacity: 64) { buffer, count in
            count = max(0, Glibc.read(descriptor, buffer.baseAddress, buffer.count))
        }
        let word = bytes.prefix { (0x21...0x7e).contains($0) }
        return word.isEmpty ? nil : String(decoding: word, as: UTF8.self)
    }

    private static func programFolder() -> String {
        let bytes = [UInt8](unsafeUninitializedCapacity: Int(PATH_MAX)) { buffer, count in
            count = buffer.withMemoryRebound(to: CChar.self) { buffer in
                buffer.baseAddress.map { max(0, readlink("/proc/self/exe", $0, buffer.count)) } ?? 0
            }
        }
        let slash = bytes.lastIndex(of: UInt8(ascii: "/")) ?? 0
        return String(decoding: bytes[..<slash], as: UTF8.self)
    }
}
