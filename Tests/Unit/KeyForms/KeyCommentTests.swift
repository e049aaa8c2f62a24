import Testing

@testable import KeyForms

/// A comment has few bytes, however few characters people see in it.
@Suite struct KeyCommentTests {
    private static let key =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOwhIYSjWFwCYUOLhrA+BjHpH1OvzujNrWStYZ+1eeqh"
    private static let marked = "a" + String(repeating: "\u{301}", count: 120)

    static let cases: [(text: String, bytes: Int)] = [
        ("", 0), ("alice@home", 10), (String(repeating: "a", count: 256), 256),
        (String(repeating: "a", count: 257), 256), (String(repeating: "é", count: 200), 256),
        ("x" + String(repeating: "é", count: 200), 255), (String(repeating: "€", count: 100), 255),
        (String(repeating: "🧑‍🚀", count: 100), 253), (String(repeating: marked, count: 256), 256),
        ("a" + String(repeating: "\u{301}", count: 100_000), 255),
    ]

    @Test(arguments: cases) func itIsCutAtAScalar(text: String, bytes: Int) throws {
        let short = KeyComment.shortened(text)
        #expect(short.utf8.count == bytes)
        #expect(text.unicodeScalars.starts(with: short.unicodeScalars))
        let sent = try SubmittedKeys.one(in: "\(Self.key) \(text)".utf8)
        #expect(sent.comment == short && sent.line.utf8.count <= Self.key.utf8.count + 257)
        let block = "---- BEGIN SSH2 PUBLIC KEY ----\nComment: \"\(text)\"\n\(Self.key.dropFirst(12))\n"
        let other = try SubmittedKeys.one(in: (block + "---- END SSH2 PUBLIC KEY ----\n").utf8)
        #expect(other == sent)
    }
}
