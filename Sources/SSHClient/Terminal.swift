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
    /// Settings of the client's terminal that differ from a new terminal's, as words for stty(1).
    ///
    /// libssh cannot send modes with the request for the terminal. A builder that accepts the variable
    /// ``modesVariable`` sets them itself, before anything else, and then prints ``readyMarker``.
    public var modes: [String]

    static let modesVariable = "SALLYPORT_STTY"
    /// An operating system command (OSC) that no terminal knows; it is never shown.
    static let readyMarker = Array("\u{1b}]sallyport\u{7}".utf8)

    public init(type: String, size: TerminalSize, modes: [String] = []) {
        self.type = type
        self.size = size
        self.modes = modes
    }
}
