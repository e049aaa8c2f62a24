public import Logging
import Presentation

/// Passes each record on as one line of printable text, whatever it quotes.
///
/// What builders, tools and clients say is in our errors. Without this, a builder could write whole records of its own, and
/// control the terminal of whoever reads them. A record's metadata and its error become part of its text, so that no handler
/// after this one has to know about them.
public struct OneLineLog: LogHandler {
    /// Unicode scalars of a record, without the time, the level and the source, which are the handler's own.
    static let longest = 2000

    private var handler: any LogHandler
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?

    public init(_ handler: any LogHandler) {
        self.handler = handler
    }

    public var logLevel: Logger.Level {
        get { handler.logLevel }
        set { handler.logLevel = newValue }
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        let words = metadata.merging(metadataProvider?.get() ?? [:]) { _, provided in provided }
            .merging(event.metadata ?? [:]) { _, explicit in explicit }
            .sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        let error = event.error.map { ": \(String(reflecting: $0))" } ?? ""
        var event = event
        event.message = "\(Self.line((words + ["\(event.message)"]).joined(separator: " ") + error))"
        event.metadata = nil
        event.error = nil
        handler.log(event: event)
    }

    /// The text as such a line; a bar is where one of its own lines ended.
    public static func line(_ text: String) -> String {
        let lines = text.split(whereSeparator: \.isNewline).joined(separator: " | ")
        return HostileText.printable(lines, limit: longest - 1)
    }
}
