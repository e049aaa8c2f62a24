import BuildAPI
import CommandGrammar
import EventLoop
import Foundation
import Glibc
import Policy
import ServiceClient
import TestSupport
import Testing

@testable import Gateway

/// `artifacts`, with a build service in memory.
@Suite final class ArtifactsCommandTests {
    private let loop = EventLoop(VirtualTime())
    private lazy var test = TestSession(on: loop)

    private static let list = ArtifactList(
        artifacts: [
            .init(name: "dist/parser.tar.gz", size: 3 << 20, sha256: "ab"),
            .init(name: "report one.html", size: 5),
        ], taken: Date(timeIntervalSince1970: 0))

    private func start(_ text: String) throws -> (any RunningCommand)? {
        guard case .job(let command) = try Request(originalCommand: Array(text.utf8)) else {
            fatalError("“\(text)” is about no job")
        }
        let permit = try Permit.decide(
            .look, on: Fixture.identifier, Fixture.job(), for: try Fixture.known(Fixture.alice))
        return try command.run(permit, in: test.context)
    }

    private func run(_ text: String, meanwhile: @escaping () -> Void = {}) throws -> ExitStatus {
        let running = try start(text)
        loop.timer(after: .seconds(1), meanwhile)
        return withExtendedLifetime(running) { test.context.client.run() }
    }

    @Test func theyAreListed() throws {
        test.service.artifactList = .success(Self.list)
        #expect(try run("artifacts 42") == .success)
        let said = test.said
        #expect(
            said.output == """
                  SIZE     TAKEN                 NAME
                  3 MB     1970-01-01 00:00 UTC  dist/parser.tar.gz
                  5 bytes  1970-01-01 00:00 UTC  report one.html

                """)
        #expect(said.errors.isEmpty)
    }

    @Test func namesAndSentencesOfTheServiceAreHostile() throws {
        test.service.artifactList = .success(
            ArtifactList(artifacts: [.init(name: "a\u{1b}[2J", size: 1)], withheld: "Withheld\u{7}."))
        #expect(try run("artifacts 42") == .success)
        let said = test.said
        #expect(said.output.hasSuffix("  a?[2J\n") && said.errors == "sallyport: Withheld?.\n")
    }

    @Test func jsonIsWhatTheServiceSays() throws {
        test.service.artifactList = .success(Self.list)
        #expect(try run("artifacts 42 --json") == .success)
        let said = test.said
        #expect(try JSON.decode(ArtifactList.self, from: Data(said.output.utf8)) == Self.list)
    }

    @Test func noneIsASentence() throws {
        test.service.artifactList = .success(ArtifactList(artifacts: []))
        #expect(try run("artifacts 42") == .success)
        let said = test.said
        #expect(said.output.isEmpty && said.errors == "sallyport: Job 42 has left no artifact behind.\n")
    }

    @Test func oneIsWrittenByteForByte() throws {
        test.service.artifactList = .success(Self.list)
        let status = try run("artifacts 42 report one.html") { [test] in
            let stream = test.service.contents.last
            #expect(stream?.name == "report one.html")
            stream?.say("\u{0}\u{1}")
            stream?.say("\r\n!")
            stream?.end()
        }
        #expect(status == .success)
        let said = test.said
        #expect(said.output == "\u{0}\u{1}\r\n!" && said.errors.isEmpty)
    }

    @Test func allOfThemAreAnArchive() throws {
        test.service.artifactList = .success(Self.list)
        let status = try run("artifacts 42 --tar") { [test] in
            test.service.contents.last?.say("archive")
            test.service.contents.last?.end()
        }
        #expect(status == .success && test.service.contents.map(\.name) == ["tar"])
        #expect(test.said.output == "archive")
    }

    @Test(arguments: [ServiceError.Code.brokenOff, .unreachable, .timedOut])
    func aConnectionThatIsLostInTheMiddleIsAFailure(code: ServiceError.Code) throws {
        test.service.artifactList = .success(Self.list)
        let status = try run("artifacts 42 report one.html") { [test] in
            test.service.contents.last?.say("abc")
            test.service.contents.last?.end(.failure(Fixture.serviceError(code)))
        }
        #expect(status == .tryAgain)
        let said = test.said
        #expect(said.output == "abc")
        #expect(said.errors.count { $0 == "\n" } == 1 && said.errors.contains("Try again in a minute."))
    }

    @Test func whatIsShorterThanTheListSaysIsAFailureToo() throws {
        test.service.artifactList = .success(Self.list)
        let status = try run("artifacts 42 report one.html") { [test] in
            test.service.contents.last?.say("abc")
            test.service.contents.last?.end()
        }
        #expect(status == .misconfigured)
    }

    /// Nothing is read ahead of a client that is slow, and nothing is lost.
    @Test func aSlowReaderIsWaitedFor() throws {
        let loop = EventLoop()
        test = TestSession(on: loop)
        test.service.artifactList = .success(
            ArtifactList(artifacts: [.init(name: "a", size: 2 << 20)]))
        let session = try #require(try start("artifacts 42 a"))
        let stream = try #require(test.service.contents.last)
        let piece = [UInt8](repeating: 7, count: 1 << 20)
        #expect(stream.say(piece))
        #expect(!stream.say(piece) && stream.resumptions == 0)
        var read = 0
        loop.wait("the first piece") {
            read += test.said.output.utf8.count
            return read == 1 << 20
        }
        #expect(stream.resumptions > 0 && stream.say(piece))
        withExtendedLifetime(session) {}
    }

    @Test func ofAMarkedJobThereIsTheServicesSentence() throws {
        test.service.artifactList = .success(Self.list)
        let sentence = "The artifacts of job 42 are withheld: bob came in."
        let status = try run("artifacts 42 --tar") { [test] in
            test.service.contents.last?.end(
                .failure(
                    ServiceError(
                        .notPermitted, problem: Problem(title: "", status: 403, detail: sentence),
                        detail: "in a test")))
        }
        #expect(status == .notPermitted)
        let said = test.said
        #expect(said.output.isEmpty && said.errors.contains(sentence))
    }

    @Test func anotherNameIsRefusedWithTheOneThatIsMeant() throws {
        test.service.artifactList = .success(Self.list)
        #expect(try run("artifacts 42 dist/parser.tar.g") == .noSuchJob)
        let said = test.said
        #expect(
            said.errors.contains("Job 42 has no artifact dist/parser.tar.g. There is dist/parser.tar.gz."))
        #expect(test.service.contents.isEmpty)
    }

    @Test func aServiceWithoutArtifactsIsCalledThat() throws {
        for text in ["artifacts 42", "artifacts 42 a", "artifacts 42 --tar"] {
            #expect(throws: Refusal.notOffered("“artifacts”")) { _ = try start(text) }
            let other = ArtifactsCommandTests()
            other.test.service.artifactList = .failure(Fixture.serviceError(.notOffered))
            #expect(try other.run(text) == .noBuilder)
            #expect(other.test.said.errors.contains("does not offer “artifacts”"))
        }
    }

    @Test(arguments: [
        "artifacts", "artifacts 42 a --tar", "artifacts 42 --tar --json", "artifacts 42 a --json",
    ])
    func whatDoesNotGoTogetherIsRefused(text: String) {
        #expect(throws: UsageError.self) { _ = try Request(originalCommand: Array(text.utf8)) }
    }
}
