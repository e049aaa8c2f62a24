import BuildAPI
import ServiceClient

/// One server-sent event, and the last id at its end.
struct Event {
    var id: String?
    var name: String
    var data: [UInt8]

    /// The whole events among these bytes.
    static func all(in bytes: [UInt8]) -> [Event] {
        var parser = EventStreamParser()
        var events: [Event] = []
        for byte in bytes {
            for event in parser.parse(CollectionOfOne(byte)) {
                events.append(Event(id: parser.lastEventID, name: event.event, data: event.data))
            }
        }
        return events
    }
}
