/// How a command ended and what it wrote.
public struct Finished: Sendable, CustomStringConvertible {
    public let arguments: [String]
    /// The exit status; 128 + N when signal N ended it.
    public let status: Int32
    /// Whether the deadline passed and the command was killed.
    public let late: Bool
    /// Standard output; with a terminal, everything that the terminal showed.
    public let output: [UInt8]
    /// Standard error; empty with a terminal.
    public let errors: [UInt8]

    public var text: String { String(decoding: output, as: UTF8.self) }
    public var errorText: String { String(decoding: errors, as: UTF8.self) }

    public var description: String {
        """
        $ \(arguments.joined(separator: " "))
        status: \(status)\(late ? " (killed at its deadline)" : "")
        stdout: \(Self.shortened(output))
        stderr: \(Self.shortened(errors))
        """
    }

    /// Megabytes of random bytes do not help to understand a failure.
    private static func shortened(_ bytes: [UInt8]) -> String {
        let most = 8000
        let text = String(decoding: bytes.suffix(most), as: UTF8.self)
        return bytes.count > most ? "(\(bytes.count) bytes, the last \(most):) \(text)" : text
    }
}
