import Testing

@testable import BuildAPI
@testable import ServiceClient

@Suite struct EventStreamParserTests {
    static let streams: [(String, [String])] = [
        ("event: status\ndata: {}\nid: 3\n\n", ["status={}"]),
        ("event:status\r\ndata:{}\r\n\r\n", ["status={}"]),
        ("event: status\rdata: {}\r\r", ["status={}"]),
        ("\u{feff}data: a\n\n", ["message=a"]),
        ("data: a\ndata: b\n\n", ["message=a\nb"]),
        ("data:  two spaces\n\n", ["message= two spaces"]),
        (": a comment\n\ndata: a\n\n", ["message=a"]),
        ("event: alone\n\ndata: a\n\n", ["message=a"]),
        ("data\n\n", ["message="]),
        ("unknown: x\ndata: a\n\n", ["message=a"]),
        ("data: a\n\ndata: b\n\n", ["message=a", "message=b"]),
        ("data: not complete\n", []),
        ("", []),
    ]

    /// In one piece, and byte by byte.
    @Test(arguments: streams)
    func eventsComeOut(stream: String, expected: [String]) {
        var whole = EventStreamParser()
        #expect(whole.parse(stream.utf8).map(text) == expected)
        var single = EventStreamParser()
        #expect(stream.utf8.flatMap { single.parse([$0]) }.map(text) == expected)
    }

    @Test func theLastIdIsThatOfACompleteEvent() {
        var parser = EventStreamParser()
        _ = parser.parse("id: 1\ndata: a\n\nid: 2\ndata: b\n".utf8)
        #expect(parser.lastEventID == "1")
        _ = parser.parse("\ndata: c\n\n".utf8)
        #expect(parser.lastEventID == "2")
    }

    @Test func anIdWithANullIsNone() {
        var parser = EventStreamParser()
        _ = parser.parse("id: 1\u{0}\ndata: a\n\n".utf8)
        #expect(parser.lastEventID == nil)
    }

    @Test func anEventWithoutEndBreaksTheStream() {
        var parser = EventStreamParser()
        let line = [UInt8]("data: ".utf8) + [UInt8](repeating: 0x61, count: 1000) + [0x0a]
        for _ in 0..<2000 { #expect(parser.parse(line).isEmpty) }
        #expect(parser.isBroken)
        #expect(parser.parse("\n\ndata: a\n\n".utf8).isEmpty)
    }

    private func text(_ event: ServerSentEvent) -> String {
        "\(event.event)=\(String(decoding: event.data, as: UTF8.self))"
    }
}
