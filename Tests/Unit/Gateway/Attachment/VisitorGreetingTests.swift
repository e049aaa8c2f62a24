import AuthorizedKeys
import Testing

@testable import Gateway

/// What persons' processes say, and whatever else comes through that socket.
@Suite struct VisitorGreetingTests {
    @Test func bothKindsAreReadAsTheyAreWritten() throws {
        for kind in [VisitorGreeting.Kind.program, .proxy(TestSession.key)] {
            let greeting = VisitorGreeting(session: "n6mkrpr97f", kind: kind)
            #expect(greeting.line.hasSuffix("\n"))
            #expect(VisitorGreeting(String(greeting.line.dropLast())) == greeting)
        }
    }

    @Test(arguments: [
        "", "session", "session a", "session a shell", "session A program", "session a program x",
        "session  program",
        "session a proxy", "session a proxy ssh-ed25519", "session a proxy ssh-ed25519 AAAA",
        "session a proxy \(TestSession.key.line) x", "session a/b program", "session a program\nsession",
        "visit a program", "session \(String(repeating: "a", count: 65)) program",
    ])
    func whatIsNoneIsNone(line: String) {
        #expect(VisitorGreeting(line) == nil)
    }
}
