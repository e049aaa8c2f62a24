/// Why the test bed could not be started, or a command in it could not be run.
public struct TestBedError: Error, CustomStringConvertible {
    /// What happened.
    public let sentence: String
    /// The end of the relevant log; empty if there is none.
    public let log: String

    public init(_ sentence: String, log: String = "") {
        self.sentence = sentence
        self.log = log
    }

    public var description: String { log.isEmpty ? sentence : "\(sentence)\n\(log)" }
}
