import AuthorizedKeys
import BuildAPI
import EventLoop
import Policy
import ServiceClient
import TestSupport
import Testing

@testable import Gateway

/// Commands that wait for standard input: what arrives after the person has lost their rights is not used.
@Suite struct KeptInputTests {
    private let time = VirtualTime()
    private let test: TestSession

    init() {
        test = TestSession(on: EventLoop(time))
        test.service.offersSelfService = true
        test.service.addedKey = Fixture.key(of: Fixture.alice)
    }

    private func know(_ person: Person) {
        var key = Fixture.key(of: person)
        key.fingerprint = TestSession.key.fingerprint
        test.service.keys = [key.fingerprint: key]
    }

    private func run(_ text: String) throws -> ExitStatus {
        guard case .personal(let command) = try Request(originalCommand: Array(text.utf8)) else {
            fatalError("“\(text)” is about a job")
        }
        let running = try command.run(for: try Fixture.known(Fixture.alice), in: test.context)
        return withExtendedLifetime(running) { test.context.client.run() }
    }

    /// What the service has been asked to do.
    private var done: [String] { test.service.requests.filter { $0 != "key" } }

    @Test(arguments: [("keys add", "add"), ("submit", "submit")])
    func itIsUsedIfTheKeyIsStillTheirs(text: String, request: String) throws {
        know(Fixture.alice)
        time.events = test.type(TestSession.key.line)
        test.endInput()
        _ = try run(text)
        #expect(done == [request])
    }

    /// A thief opens `keys add`, the owner removes the stolen key, and then the thief sends another one. Perhaps someone
    /// else has it by now.
    @Test(arguments: ["keys add", "submit"], [nil, Fixture.bob])
    func itIsNotUsedIfTheKeyIsNotTheirs(text: String, owner: Person?) throws {
        if let owner { know(owner) }
        time.events = test.type(TestSession.key.line)
        test.endInput()
        #expect(try run(text) == .notPermitted)
        #expect(done.isEmpty && test.said.errors.contains("is unknown here"))
    }

    @Test func norIfTheServiceCannotSay() throws {
        test.service.keyFailure = Fixture.serviceError(.unreachable)
        time.events = test.type(TestSession.key.line)
        test.endInput()
        #expect(try run("keys add") == .tryAgain)
        #expect(done.isEmpty)
    }

    @Test(arguments: ["keys add", "submit", "submit --tar"]) func nobodyWaitsWithoutRights(text: String)
        throws
    {
        // Nothing is ever sent.
        #expect(try run(text) == .notPermitted)
        #expect(test.said.errors.contains("is unknown here"))
        #expect(!done.contains("add"))
    }

    /// The end of an archive makes a job of it.
    @Test(arguments: [true, false]) func anArchiveEndsOnlyWithRights(isKnown: Bool) throws {
        if isKnown { know(Fixture.alice) }
        let source = StreamedInput(from: try Fixture.known(Fixture.alice), in: test.context)
        _ = test.type("abc")
        test.endInput()
        var more = 0
        source.onMore = { more += 1 }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 10, alignment: 1)
        defer { buffer.deallocate() }
        #expect(source.read(into: buffer) == 3)
        #expect(source.read(into: buffer) == nil)
        #expect(more == (isKnown ? 1 : 0))
        #expect(source.read(into: buffer) == (isKnown ? 0 : nil))
        #expect(test.said.errors.contains("is unknown here") != isKnown)
    }
}
