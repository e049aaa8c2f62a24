import CLinux

/// Which Sallyport this is. Embedded Swift, too, compiles it.
public enum Version {
    /// The number, as in CHANGELOG.md; the only place that has it.
    public static let number = "1.1"

    /// `1.1`, and the commit if the programs were built from one: `1.1 (e1b482f0c36d)`.
    public static var text: String {
        guard let folder = ProgramFolder.path, let commit = commit(of: folder) else { return number }
        return number + " (" + commit + ")"
    }

    /// Prints `sallyport-shell 1.1 (e1b482f0c36d)`.
    public static func print(of program: String) {
        let line = Array((program + " " + text + "\n").utf8)
        _ = write(STDOUT_FILENO, line, line.count)
    }

    /// The file that `make build` writes beside the programs, and `make install` puts into their folder.
    static let fileName = "sallyport.commit"

    /// - Parameter folder: of the running program. The operator's tool is installed in another one than the rest.
    static func commit(of folder: String) -> String? {
        firstWord(of: folder + "/" + fileName) ?? firstWord(of: folder + "/../libexec/sallyport/" + fileName)
    }

    private static func firstWord(of path: String) -> String? {
        let descriptor = sp_open_to_read(path)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = max(0, read(descriptor, &bytes, bytes.count))
        let word = bytes[..<count].prefix { (0x21...0x7e).contains($0) }
        return word.isEmpty ? nil : String(decoding: word, as: UTF8.self)
    }
}
