import BuildAPI
import ConfigurationFile
import Testing

@testable import Runner

@Suite("Tokens")
struct TokenTests {
    private static let hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

    @Test("a token's line has its SHA-256, not the token")
    func line() throws {
        let entry = try #require(TokenEntry(name: "gate-1.example", role: .gateway, token: "test"))
        #expect(entry.line == "gate-1.example gateway \(Self.hash)")
        #expect(TokenEntry(line: entry.line[...]) == entry)
        #expect(TokenEntry(line: "  gate-1.example\tgateway   \(Self.hash.uppercased()) "[...]) == entry)
    }

    @Test("new tokens are long, different and valid")
    func fresh() {
        let tokens = (0..<100).map { _ in TokenEntry.newToken() }
        #expect(Set(tokens).count == 100)
        #expect(tokens.allSatisfy { $0.utf8.count == 74 && BearerToken($0) != nil })
    }

    @Test(
        "an invalid line is refused with its number",
        arguments: [
            "a gateway", "a gateway \(hash) x", "a root \(hash)", "a gateway \(hash.dropLast())",
            "a gateway \(hash)0", "a gateway \(hash.dropLast())g", "a/b gateway \(hash)", "ä gateway \(hash)",
            "\(String(repeating: "a", count: 65)) gateway \(hash)", "first keys \(hash)",
            "other gateway \(String(repeating: "0", count: 64))",
        ])
    func malformed(line: String) {
        let error = #expect(throws: ConfigurationError.self) {
            try Tokens("first keys \(String(repeating: "0", count: 64))\n# comment\n\(line)\n", path: "/t")
        }
        #expect(error?.line == 3)
    }

    @Test("a token has the role of its line")
    func roles() throws {
        let entries = try [("a", Role.keys), ("b", .gateway), ("c", .operator)].map { name, role in
            try #require(TokenEntry(name: name, role: role, token: "token-\(name)"))
        }
        let tokens = try Tokens(entries.map(\.line).joined(separator: "\n"), path: "/t")
        #expect(tokens.count == 3)
        let expected: [(Substring, Role?)] = [
            ("token-a", .keys), ("token-b", .gateway), ("token-c", .operator), ("token-d", nil),
            ("token-", nil),
            ("", nil), ("token-aa", nil), (Self.hash[...], nil),
        ]
        for (token, role) in expected { #expect(tokens.entry(of: token)?.role == role, "\(token)") }
        let nobodys = try Tokens("", path: "/t")
        #expect(nobodys.entry(of: "") == nil)
    }

    @Test("a token whose hash is only similar has no role")
    func unknown() throws {
        let entry = try #require(TokenEntry(name: "a", role: .operator, token: "token"))
        let tokens = try Tokens(entry.line, path: "/t")
        let found = (0..<4096).filter { tokens.entry(of: "token-\($0)") != nil }
        #expect(found == [])
    }

    @Test("every bit of the hash counts")
    func bits() throws {
        let entry = try #require(TokenEntry(name: "a", role: .operator, token: "token"))
        for bit in 0..<256 {
            var digits = Array(entry.line.utf8.suffix(64))
            let digit = try #require(Int(String(UnicodeScalar(digits[bit / 4])), radix: 16))
            digits[bit / 4] = try #require(String(digit ^ (1 << (bit % 4)), radix: 16).utf8.first)
            let tokens = try Tokens("a operator \(String(decoding: digits, as: UTF8.self))", path: "/t")
            #expect(tokens.entry(of: "token") == nil, "bit \(bit)")
        }
    }

    @Test(
        "the header",
        arguments: [
            ("Bearer abc", "abc"), ("bearer abc", "abc"), ("Basic abc", nil),
            ("Bearer", nil), ("Bearer ", nil), ("abc", nil), ("", nil),
        ] as [(String, Substring?)])
    func header(header: String, token: Substring?) {
        #expect(Tokens.token(in: header) == token)
    }
}
