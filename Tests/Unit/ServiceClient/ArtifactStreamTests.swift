import EventLoop
import TestSupport
import Testing

@testable import BuildAPI
@testable import ServiceClient

/// Artifacts from a service that sends what it likes: the whole, or a failure.
@Suite struct ArtifactStreamTests {
    private static func head(
        _ status: String = "200 OK", type: String = "application/octet-stream", length: Int = 4
    ) -> String {
        "HTTP/1.1 \(status)\r\nContent-Type: \(type)\r\nContent-Length: \(length)\r\n\r\n"
    }

    /// - Parameter name: nil: all of them.
    private func read(
        _ name: String?, _ answer: String
    ) throws -> (received: String, end: Result<Void, ServiceError>?) {
        let raw = try RawService { connection, number in
            if number == 0 { RawService.write(answer, to: connection) }
        }
        let loop = EventLoop()
        let service = SallyportService(.socket(path: raw.socket), on: loop)
        var received = ""
        var end: Result<Void, ServiceError>?
        let stream = service.readArtifact(name, of: JobID("7")!, for: Person(id: "1", name: "alice")) {
            received += String(decoding: $0, as: UTF8.self)
            return true
        } ended: {
            end = $0
            loop.stop()
        }
        loop.timer(after: .seconds(30)) { loop.stop() }
        loop.run()
        withExtendedLifetime(stream) {}
        return (received, end)
    }

    @Test func theWholeIsASuccess() throws {
        let file = try read("a", Self.head() + "abcd")
        #expect(file.received == "abcd" && (try? file.end?.get()) != nil)
        let archive = try read(nil, Self.head(type: "application/x-tar") + "abcd")
        #expect(archive.received == "abcd" && (try? archive.end?.get()) != nil)
    }

    /// It is not asked for again.
    @Test func aConnectionThatBreaksInTheMiddleIsAFailure() throws {
        let (received, end) = try read("a", Self.head() + "ab")
        #expect(received == "ab" && end?.failure?.code == .brokenOff)
    }

    @Test func aRefusalHasTheServicesSentence() throws {
        let body = #"{"title":"Forbidden","status":403,"detail":"They are withheld.","type":"about:blank"}"#
        let (received, end) = try read(
            "dist/a b",
            Self.head("403 Forbidden", type: "application/problem+json", length: body.utf8.count) + body)
        #expect(received.isEmpty && end?.failure?.code == .notPermitted)
        #expect(end?.failure?.problem?.detail == "They are withheld.")
    }

    @Test func whatIsNoArchiveIsNotTakenForOne() throws {
        let (received, end) = try read(nil, Self.head(type: "text/html") + "<p>!")
        #expect(received.isEmpty && end?.failure?.code == .malformedAnswer)
    }

    /// A service from before there were artifacts knows no such path.
    @Test func aServiceWithoutThemIsOneThatDoesNotOfferThem() throws {
        let raw = try RawService { connection, _ in
            RawService.write("HTTP/1.0 404 Not Found\r\nContent-Length: 0\r\n\r\n", to: connection)
        }
        let service = SallyportService(.socket(path: raw.socket), on: EventLoop())
        let error = #expect(throws: ServiceError.self) {
            _ = try service.wait { service.artifacts(of: JobID("7")!, for: Person(id: "1", name: "a"), $0) }
        }
        #expect(error?.code == .notOffered)
    }
}
