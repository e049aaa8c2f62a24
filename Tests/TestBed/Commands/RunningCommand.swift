public import Subprocess

/// A running command: what it has written, and the ways to talk to it.
public struct RunningCommand: Sendable {
    public let output: Capture
    /// Standard error; with a terminal it ends at once, because the terminal shows everything.
    public let errors: Capture
    let writing: @Sendable ([UInt8]) async throws -> Void
    let finishing: @Sendable () async throws -> Void
    let signalling: @Sendable (Signal) -> Void

    /// Writes to its standard input, or types into its terminal.
    public func write(_ text: String) async throws { try await writing(Array(text.utf8)) }

    /// Writes to its standard input, or types into its terminal.
    public func write(_ bytes: [UInt8]) async throws { try await writing(bytes) }

    /// Ends its standard input. A terminal has no end; type Ctrl-D there.
    public func finishInput() async throws { try await finishing() }

    /// Sends a signal; nothing happens when it has ended already.
    public func send(_ signal: Signal) { signalling(signal) }
}
