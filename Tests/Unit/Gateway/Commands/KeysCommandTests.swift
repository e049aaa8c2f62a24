import AuthorizedKeys
import BuildAPI
import CommandGrammar
import EventLoop
import FoundationEssentials
import ServiceClient
import Testing

@testable import Gateway

/// `keys`, with a build service in memory.
@Suite struct KeysCommandTests {
    private static let moment = Date(timeIntervalSince1970: 1_800_000_000)

    private static func pending(_ comment: String = "", word: String? = nil) -> Key {
        Key(
            fingerprint: "SHA256:new", type: "ssh-ed25519", key: "AAAA", comment: comment,
            owner: Fixture.alice,
            suspended: false, limits: [.confirm], expires: moment, word: word)
    }

    private static func command(_ text: String) throws -> KeysCommand {
        guard case .personal(let command) = try Request(originalCommand: Array(text.utf8)) else {
            fatalError("“\(text)” is about a job")
        }
        return try #require(command as? KeysCommand)
    }

    @Test func whoAddsAKeyLearnsHowToConfirmIt() throws {
        let test = TestSession(on: EventLoop())
        test.service.addedKey = Self.pending(word: "kmn4-7pqr\u{1b}[2J")
        try KeyAddition(for: Fixture.alice, test.service, json: false, in: test.context).add(
            Array(TestSession.key.line.utf8))
        #expect(test.context.client.run() == .success)
        let lines = test.said.output.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines[0].contains("SHA256:new") && lines[0].contains("pending"))
        #expect(lines[0].contains("2027-01-15 08:00 UTC") && !lines[0].contains("yours now"))
        #expect(lines[1].hasPrefix("ssh -o IdentitiesOnly=yes -i FILE builds@"))
        #expect(lines[1].contains(" keys confirm kmn4-7pqr") && !lines[1].contains("\u{1b}"))
        #expect(test.records.contains { $0.contains("which is pending") })
    }

    /// A service that knows no limits adds keys at once.
    @Test func withoutLimitsAKeyIsTheirsAtOnce() throws {
        let test = TestSession(on: EventLoop())
        test.service.addedKey = Fixture.key(of: Fixture.alice)
        try KeyAddition(for: Fixture.alice, test.service, json: false, in: test.context).add(
            Array(TestSession.key.line.utf8))
        #expect(test.context.client.run() == .success)
        #expect(test.said.output == "The key SHA256:abc is yours now.\n")
    }

    /// An agent has the key that its owner has logged in with.
    @Test func ofSeveralKeysOnlyTheNewOnesAreAdded() throws {
        let other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMpDORu5S+8DioM1UuYWrsS9hjW9Hwv4Zb5glj5crSzs"
        let lines = Array("\(TestSession.key.line)\n\(other)\n".utf8)
        var own = Fixture.key(of: Fixture.alice)
        own.fingerprint = TestSession.key.fingerprint
        for (listed, status, output) in [
            ([own], .success, "The key SHA256:abc is yours now.\n"), (nil, .noBuilder, ""),
        ] as [([Key]?, ExitStatus, String)] {
            let test = TestSession(on: EventLoop())
            test.service.addedKey = Fixture.key(of: Fixture.alice)
            test.service.listedKeys = listed
            try KeyAddition(for: Fixture.alice, test.service, json: false, in: test.context).add(lines)
            #expect(test.context.client.run() == status)
            let said = test.said
            #expect(said.output == output)
            #expect(said.errors.contains("The key \(own.fingerprint) is yours already.\n") == (listed != nil))
            // Without the list, nobody knows which of them are new.
            #expect(test.service.requests == (listed == nil ? [] : ["add"]))
        }
    }

    @Test func programsReadTheWordToo() throws {
        let test = TestSession(on: EventLoop())
        test.service.addedKey = Self.pending(word: "kmn4-7pqr")
        try KeyAddition(for: Fixture.alice, test.service, json: true, in: test.context).add(
            Array(TestSession.key.line.utf8))
        #expect(test.context.client.run() == .success)
        let said = test.said.output
        #expect(said.contains(#""word":"kmn4-7pqr""#) && said.contains(#""limits":["confirm"]"#))
        #expect(said.contains(#""expires":"2027-01-15T08:00:00Z""#))
    }

    @Test func theListShowsWhatIsPending() throws {
        let test = TestSession(on: EventLoop())
        test.service.offersSelfService = true
        test.service.listedKeys = [Fixture.key(of: Fixture.alice), Self.pending("at home")]
        _ = try Self.command("keys").run(for: try Fixture.known(Fixture.alice), in: test.context)
        #expect(test.context.client.run() == .success)
        let lines = test.said.output.split(separator: "\n")
        #expect(lines.count == 2 && lines[0].hasPrefix("  SHA256:abc") && !lines[0].contains("pending"))
        #expect(lines[1] == "  SHA256:new at home (pending until 2027-01-15 08:00 UTC)")
    }

    @Test func theWordIsSentWithTheSessionsOwnKey() throws {
        let test = TestSession(on: EventLoop())
        test.service.offersSelfService = true
        test.service.addedKey = Fixture.key(of: Fixture.bob)
        try Self.command("keys confirm kmn4-7pqr").confirm(in: test.context)
        #expect(test.context.client.run() == .success)
        #expect(test.service.confirmations.map(\.fingerprint) == [TestSession.key.fingerprint])
        #expect(test.service.confirmations.map(\.word) == ["kmn4-7pqr"])
        // Whose it is is said by name: it can be someone else's who gave them the word.
        #expect(test.said.output == "The key \(TestSession.key.fingerprint) is bob's now.\n")
    }

    @Test(
        arguments: [
            (.notPermitted, .notPermitted, "not the word"), (.noSuchKey, .notPermitted, "no longer pending"),
            (.unreachable, .tryAgain, "cannot be reached"), (.suspended, .notPermitted, "suspended"),
        ] as [(ServiceError.Code, ExitStatus, String)])
    func aWrongWordIsCalledThat(code: ServiceError.Code, status: ExitStatus, sentence: String) throws {
        let test = TestSession(on: EventLoop())
        test.service.offersSelfService = true
        test.service.refusal = Fixture.serviceError(code)
        try Self.command("keys confirm kmn4-7pqr").confirm(in: test.context)
        #expect(test.context.client.run() == status)
        #expect(test.said.errors.contains(sentence))
    }

    /// The usual mistake: the agent has offered the old key first.
    @Test func aKeyThatIsTheirsNeedsNoWord() throws {
        let test = TestSession(on: EventLoop())
        test.service.offersSelfService = true
        let (command, alice) = (try Self.command("keys confirm kmn4-7pqr"), try Fixture.known(Fixture.alice))
        do throws(Refusal) {
            _ = try command.run(for: alice, in: test.context)
            Issue.record("it was confirmed")
        } catch {
            #expect(error.status == .usage && error.sentence.contains("IdentitiesOnly=yes -i FILE"))
        }
        #expect(test.service.confirmations.isEmpty)
    }
}
