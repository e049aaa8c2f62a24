/// A stream of server-sent events. The events are the same however the bytes are split.
func check(_ input: [UInt8]) {
    let stream = Pieces(input)
    var whole = EventStreamParser()
    let events = whole.parse(stream.whole)
    for pieces in [stream.pieces, stream.whole.indices.map { stream.whole[$0...$0] }] {
        var parser = EventStreamParser()
        promise("the same events come out", pieces.flatMap { parser.parse($0) } == events)
        promise("the same last id", parser.lastEventID == whole.lastEventID)
        promise("the same verdict", parser.isBroken == whole.isBroken)
    }

    promise("nothing is invented", events.reduce(0) { $0 + $1.data.count } <= stream.whole.count)
    let lineEnds: Set<Unicode.Scalar> = ["\n", "\r"]
    for event in events {
        promise("an event has a name", !event.event.isEmpty)
        promise("a name is on one line", event.event.unicodeScalars.allSatisfy { !lineEnds.contains($0) })
        promise("data has no carriage return", !event.data.contains(UInt8(ascii: "\r")))
    }
    // It becomes a header of the next request.
    promise(
        "an id is on one line and has no NUL",
        whole.lastEventID?.unicodeScalars.allSatisfy { !lineEnds.contains($0) && $0 != "\0" } ?? true)
}
