/// One server-sent event.
package struct ServerSentEvent: Equatable, Sendable {
    package var event: String
    package var data: [UInt8]
}

/// Parses server-sent events from bytes in any pieces (the HTML standard, section 9.2.6).
package struct EventStreamParser {
    /// A stream with an event of more bytes than this is refused.
    static let maximumSize = 1 << 20

    /// The id of the last event that had one, for Last-Event-ID.
    package private(set) var lastEventID: String?
    /// Set when the stream has exceeded its limits; then there are no more events.
    private(set) var isBroken = false

    private var line: [UInt8] = []
    private var data: [UInt8] = []
    private var hasData = false
    private var event = ""
    private var identifier: String?
    private var isAfterCarriageReturn = false
    private var isFirstLine = true

    package init() {}

    /// The events that end within these bytes.
    package mutating func parse(_ bytes: some Sequence<UInt8>) -> [ServerSentEvent] {
        var events: [ServerSentEvent] = []
        for byte in bytes where !isBroken {
            if byte == UInt8(ascii: "\n"), isAfterCarriageReturn {
                isAfterCarriageReturn = false
                continue
            }
            isAfterCarriageReturn = byte == UInt8(ascii: "\r")
            if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") {
                if let event = endLine() { events.append(event) }
            } else {
                line.append(byte)
                isBroken = line.count + data.count > Self.maximumSize
            }
        }
        return events
    }

    private mutating func endLine() -> ServerSentEvent? {
        defer { line.removeAll(keepingCapacity: true) }
        if isFirstLine {
            isFirstLine = false
            if line.starts(with: [0xef, 0xbb, 0xbf]) { line.removeFirst(3) }
        }
        guard !line.isEmpty else { return dispatch() }
        let colon = line.firstIndex(of: UInt8(ascii: ":"))
        let field = line[..<(colon ?? line.endIndex)]
        var value = colon.map { line[($0 + 1)...] } ?? []
        if value.first == UInt8(ascii: " ") { value.removeFirst() }
        switch String(decoding: field, as: UTF8.self) {
        case "event": event = String(decoding: value, as: UTF8.self)
        case "data":
            if hasData { data.append(UInt8(ascii: "\n")) }
            data += value
            hasData = true
        case "id" where !value.contains(0): identifier = String(decoding: value, as: UTF8.self)
        default: break
        }
        return nil
    }

    private mutating func dispatch() -> ServerSentEvent? {
        if let identifier { lastEventID = identifier }
        defer {
            data.removeAll(keepingCapacity: true)
            hasData = false
            event = ""
        }
        guard hasData else { return nil }
        return ServerSentEvent(event: event.isEmpty ? "message" : event, data: data)
    }
}
