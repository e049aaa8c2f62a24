import AuthorizedKeys
import BuildAPI
import FoundationEssentials
import Testing

@testable import Gateway

/// What a machine has to say before it is attached.
@Suite struct AttachmentGreetingTests {
    private static let origin = AttachmentGreeting.Origin(
        key: "ssh-ed25519 AAAA", address: "192.0.2.9", endpoint: "unix:/run/x.sock")

    private func greeting(_ lines: [String]) throws(AttachmentFault) -> (AttachmentGreeting, isComplete: Bool)
    {
        var greeting = AttachmentGreeting()
        var isComplete = false
        for line in lines { isComplete = try greeting.take(try AttachmentMessage(line: line)) }
        return (greeting, isComplete)
    }

    private static let least = ["user build", "host-key \(TestSession.key.line)", "state failed 2"]

    @Test func theLeastThatIsNeeded() throws {
        let (greeting, isComplete) = try greeting(Self.least + ["done"])
        #expect(isComplete && greeting.resumption(of: Self.origin) == nil)
        let new = greeting.attachment(of: Self.origin, named: nil, at: .now)
        #expect(
            new.user == "build" && new.hostKeys == [TestSession.key.line] && !new.running
                && new.exitStatus == 2)
        #expect(
            new.from == "192.0.2.9" && new.endpoint == "unix:/run/x.sock" && new.until == nil
                && new.wait == nil)
    }

    @Test func everythingIsHandedOn() throws {
        let (greeting, _) = try greeting([
            "user build", "host-key \(TestSession.key.line)", "system Linux", "architecture aarch64",
            "terminal no /dev/pts", "state running", "name nightly", "note a build", "for alice",
            "visibility public",
            "left 600", "wait 60", "idle 120", "tomorrow x", "done",
        ])
        let now = Date(timeIntervalSince1970: 1000)
        let new = greeting.attachment(of: Self.origin, named: "nightly-2", at: now)
        #expect(new.running && new.exitStatus == nil && new.name == "nightly-2" && new.note == "a build")
        #expect(
            new.member == "alice" && new.visibility == .public && new.until == now.addingTimeInterval(600))
        #expect(new.wait == 60 && new.idle == 120 && new.system == "Linux" && new.architecture == "aarch64")
        #expect(greeting.obstacle == "/dev/pts")
    }

    @Test func aMachineCanBeNobodysAndItsCommandCanEndInTheMeantime() throws {
        let running = ["user build", "host-key \(TestSession.key.line)", "state running", "pair", "done"]
        let (greeting, isComplete) = try greeting(running)
        #expect(isComplete && greeting.isPairing)
        #expect(greeting.attachment(of: Self.origin, named: nil, at: .now).running)
        let ended = greeting.attachment(of: Self.origin, named: nil, after: 3, at: .now)
        #expect(!ended.running && ended.exitStatus == 3)
        #expect(throws: AttachmentFault.repeated("pair")) { try self.greeting(["pair", "pair"]) }
        #expect(try !self.greeting(Self.least).0.isPairing)
    }

    @Test func theSameMachineComesBack() throws {
        let secret = AttachmentMessageTests.secret
        let (greeting, _) = try greeting(Self.least + ["resume 57 \(secret)", "done"])
        let known = try #require(greeting.resumption(of: Self.origin))
        #expect(
            known.job == JobID("57") && known.secret == secret && known.hostKeys == [TestSession.key.line])
    }

    @Test(arguments: [("user", 0), ("host-key", 1), ("state", 2)]) func whatIsMissingIsSaid(
        word: String, index: Int
    ) {
        var lines = Self.least
        lines.remove(at: index)
        #expect(throws: AttachmentFault.missing(word)) { try greeting(lines + ["done"]) }
    }

    @Test(arguments: [
        "user root", "state running", "name a", "note b", "for c", "visibility public", "left 1", "wait 1",
        "idle 1",
        "system L", "architecture a", "terminal yes", "resume 1 \(AttachmentMessageTests.secret)",
    ])
    func whatCountsOnceIsSaidOnce(line: String) {
        let word = String(line.prefix { $0 != " " })
        #expect(throws: AttachmentFault.repeated(word)) { try greeting([line, line]) }
    }

    @Test func aMachineHasFewHostKeys() throws {
        // The same one again is not another one, but counts as said.
        let key = "host-key \(TestSession.key.line)"
        #expect(try greeting([key, key, key, key, key]).0.hostKeys.count == 1)
        let keys = (0..<5).map { "host-key \(Self.key(UInt8($0)))" }
        #expect(throws: AttachmentFault.repeated("host-key")) { try greeting(keys) }
    }

    /// An Ed25519 key of 32 equal bytes.
    static func key(_ byte: UInt8) -> String {
        let blob =
            [0, 0, 0, 11] + Array("ssh-ed25519".utf8) + [0, 0, 0, 32] + [UInt8](repeating: byte, count: 32)
        return "ssh-ed25519 \(Data(blob).base64EncodedString())"
    }
}
