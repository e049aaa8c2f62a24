import CLinux

/// Where the running program is: the others, and the file with the commit, are in the same folder.
public enum ProgramFolder {
    /// Without a slash at its end. Nil: /proc does not say.
    public static var path: String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = max(0, readlink("/proc/self/exe", &buffer, buffer.count))
        guard let slash = buffer[..<count].lastIndex(of: CChar(UInt8(ascii: "/"))) else { return nil }
        return String(decoding: buffer[..<slash].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
