import EventLoop
import FoundationEssentials
import Synchronization
import TestSupport
import Testing

@testable import BuildAPI
@testable import ServiceClient

/// The end of a log, from services that know ranges and from those that do not.
@Suite struct LastLinesTests {
    @Test(arguments: [
        ("a\nb\nc\n", 2, 2, 2), ("a\nb\nc", 2, 2, 2), ("a\n\n", 1, 2, 1), ("\n\n\n", 2, 1, 2),
        ("abc", 5, 0, 1),
        ("", 3, 0, 0), ("a\nb\n", 0, 4, 0), ("a", 0, 1, 0), ("1\n2\n3\n4\n5\n", 3, 4, 3),
    ]) func linesAreCountedFromTheEnd(text: String, wanted: Int, offset: Int, count: Int) {
        var scan = LastLinesScan(wanted)
        // However the bytes are split.
        for byte in text.utf8 { withUnsafeBytes(of: byte) { scan.read($0) } }
        #expect(scan.result(from: 0) == LastLines(offset: offset, count: count))
    }

    /// The first line that is read can be the end of one.
    @Test func aLineThatMayHaveBegunBeforeDoesNotCount() {
        var scan = LastLinesScan(2)
        Array("x\na\n".utf8).withUnsafeBytes { scan.read($0) }
        #expect(scan.result(from: 10) == nil && scan.result(from: 0) == LastLines(offset: 0, count: 2))
        Array("b\n".utf8).withUnsafeBytes { scan.read($0) }
        #expect(scan.result(from: 10) == LastLines(offset: 12, count: 2))
    }

    @Test func moreIsAskedForUntilThereAreEnoughLines() throws {
        let (found, requests) = try lastLines(3) { number in
            number == 0
                ? Self.answer("206 Partial Content", "Content-Range: bytes 100-103/104\r\n", "x\ny\n")
                : Self.answer("206 Partial Content", "Content-Range: bytes 96-103/104\r\n", "e\na\nx\ny\n")
        }
        #expect(try found.get() == LastLines(offset: 98, count: 3) && requests == 2)
    }

    @Test(arguments: [
        ("200 OK", "", "a\nb\n", 2, 1),
        ("416 Range Not Satisfiable", "Content-Range: bytes */0\r\n", "", 0, 0),
        ("404 Not Found", "", "", 0, 0),
    ]) func aServiceNeedNotKnowRanges(status: String, head: String, body: String, offset: Int, count: Int)
        throws
    {
        let (found, requests) = try lastLines(1) { _ in Self.answer(status, head, body) }
        #expect(try found.get() == LastLines(offset: offset, count: count) && requests == 1)
    }

    /// It would be asked for ever.
    @Test(arguments: [
        "", "Content-Range: bytes x-5/9\r\n", "Content-Range: bytes 9223372036854775807-5/9\r\n",
        "Content-Range: bytes 5-5/9\r\n",
    ]) func aRangeThatIsNoneEndsTheSearch(head: String) throws {
        let (found, _) = try lastLines(1) { _ in Self.answer("206 Partial Content", head, "x") }
        let error = #expect(throws: ServiceError.self) { try found.get() }
        #expect(error?.code == .malformedAnswer)
    }

    /// A range, the whole log, and the whole after a connection that broke.
    @Test(arguments: [
        ["206 Partial Content", "67"], ["200 OK", "01234567"],
        ["206 Partial Content", "6", "200 OK", "01234567"],
        ["200 OK", "012", "200 OK", "0123456", "206 Partial Content", "7"],
    ]) func whatComesBeforeTheOffsetIsDropped(answers: [String]) throws {
        let service = try RawService { connection, number in
            guard number * 2 < answers.count else { return }
            let isLast = number * 2 + 2 == answers.count
            let (status, body) = (answers[number * 2], answers[number * 2 + 1])
            let length = body.utf8.count + (isLast ? 0 : 100)
            RawService.write("HTTP/1.1 \(status)\r\nContent-Length: \(length)\r\n\r\n\(body)", to: connection)
        }
        let loop = EventLoop()
        let client = SallyportService(.socket(path: service.socket), on: loop)
        var received = ""
        let person = Person(id: "1", name: "a")
        let job = Job(id: JobID("42")!, owner: .person(person), status: .running, created: .distantPast)
        let stream = client.followLog("build", of: job, for: person, from: 6) {
            received += String(decoding: $0, as: UTF8.self)
            return true
        } ended: { _ in
            loop.stop()
        }
        loop.timer(after: .seconds(30)) { loop.stop() }
        loop.run()
        stream.cancel()
        #expect(received == "67")
    }

    private static func answer(_ status: String, _ head: String, _ body: String) -> String {
        "HTTP/1.1 \(status)\r\n\(head)Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
    }

    private func lastLines(
        _ count: Int, _ answer: @escaping @Sendable (Int) -> String
    ) throws -> (Result<LastLines, ServiceError>, requests: Int) {
        let asked = Mutex(0)
        let service = try RawService { connection, number in
            asked.withLock { $0 = number + 1 }
            RawService.write(answer(number), to: connection)
        }
        let loop = EventLoop()
        let client = HTTPClient(.socket(path: service.socket), on: loop)
        var found: Result<LastLines, ServiceError>?
        client.lastLines(count, at: "/log", size: 4) {
            found = $0
            loop.stop()
        }
        loop.timer(after: .seconds(30)) { loop.stop() }
        loop.run()
        return (try #require(found), asked.withLock { $0 })
    }
}
