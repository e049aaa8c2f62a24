/// The size of a window, in characters.
public struct TerminalSize: Equatable, Sendable {
    public var columns: Int
    public var rows: Int

    public init(columns: Int, rows: Int) {
        self.columns = columns
        self.rows = rows
    }
}

/// The terminal to ask the builder for.
public struct Terminal: Equatable, Sendable {
    /// The value of TERM.
    public var type: String
    public var size: TerminalSize

    public init(type: String, size: TerminalSize) {
        self.type = type
        self.size = size
    }
}
