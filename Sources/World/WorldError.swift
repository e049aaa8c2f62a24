/// Why the world could not be started, or a command in it not be run.
public struct WorldError: Error, CustomStringConvertible {
    /// One sentence.
    public let description: String
    /// The end of the log concerned; empty when there is none.
    public let log: String

    public init(_ description: String, log: String = "") {
        self.description = description
        self.log = log
    }
}
