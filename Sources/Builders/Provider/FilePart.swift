/// Which files of a builder are wanted, and how many at most.
public struct WantedFiles: Sendable, Hashable {
    /// Paths and patterns as sh(1) has them, relative to the folder in which tasks run.
    public var patterns: [String]
    /// Bytes of all files together.
    public var size: Int
    public var count: Int

    public init(patterns: [String], size: Int, count: Int) {
        self.patterns = patterns
        self.size = size
        self.count = count
    }
}

/// What comes of a builder's files, piece by piece. All of it is what the builder says: its names are hostile text, and
/// nothing is known to be within the limits.
public enum FilePart: Sendable, Equatable {
    /// A regular file of this size begins.
    case file(name: String, size: Int)
    /// The next bytes of that file. All of them together have its size.
    case bytes([UInt8])
    /// That file is complete.
    ///
    /// - isWhole: whether it still had that size at the end.
    case end(isWhole: Bool)
    case omission(Omission)

    /// Why something does not come.
    public enum Omission: Sendable, Equatable {
        /// Nothing matches the pattern with this index.
        case noMatch(pattern: Int)
        /// It is a symbolic link, or is reached through one.
        case link(String)
        /// It is neither a file nor a folder.
        case notAFile(String)
        case unreadable(String)
        /// There is no room for so many bytes.
        case tooLarge(String, size: Int)
        /// There are more files than are wanted.
        case tooMany
    }
}
