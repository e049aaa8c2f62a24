import Testing

@testable import AuthorizedKeys

@Suite("A public key")
struct PublicKeyTests {
    @Test(
        "has the fingerprint that ssh-keygen prints",
        arguments: [Fixtures.ed25519, Fixtures.rsa, Fixtures.ecdsa, Fixtures.authority])
    func fingerprint(_ fixture: (type: String, base64: String, fingerprint: String)) throws {
        let key = try PublicKey(type: fixture.type, base64: fixture.base64)
        #expect(key.fingerprint == fixture.fingerprint)
        #expect(key.line == "\(fixture.type) \(fixture.base64)")
    }

    @Test("can have a type that does not exist yet")
    func futureType() throws {
        let key = try makeKey(type: "ssh-mldsa-87@example.com", fields: [[1, 2, 3]])
        #expect(key.type == "ssh-mldsa-87@example.com")
    }

    @Test(
        "is refused with the reason",
        arguments: [
            ("", Fixtures.ed25519.base64, KeyError.Code.malformedType),
            ("ssh ed25519", Fixtures.ed25519.base64, .malformedType),
            ("ssh-ed25519\"", Fixtures.ed25519.base64, .malformedType),
            ("ssh-ed25519\n", Fixtures.ed25519.base64, .malformedType),
            (String(repeating: "a", count: 65), Fixtures.ed25519.base64, .malformedType),
            ("ssh-rsa", Fixtures.ed25519.base64, .typeMismatch),
            ("ssh-ed25519", Fixtures.rsa.base64, .typeMismatch),
            ("ssh-ed25519", "", .malformedBase64),
            ("ssh-ed25519", "AAAA", .malformedBlob),
            ("ssh-ed25519", Fixtures.ed25519.base64 + "\n", .malformedBase64),
            ("ssh-ed25519", Fixtures.ed25519.base64 + "\"", .malformedBase64),
            ("ssh-ed25519", String(Fixtures.ed25519.base64.dropLast()), .malformedBase64),
            ("ssh-ed25519", String(repeating: "A", count: 40 << 10), .malformedBase64),
            // Only the type's name, and nothing after it.
            ("ssh-ed25519", Base64.encode([0, 0, 0, 11] + Array("ssh-ed25519".utf8)), .malformedBlob),
            // A length that reaches past the end.
            ("ssh-ed25519", Base64.encode([255, 255, 255, 255] + Array("ssh-ed25519".utf8)), .malformedBlob),
        ])
    func refused(type: String, base64: String, code: KeyError.Code) {
        #expect(throws: KeyError(code)) { try PublicKey(type: type, base64: base64) }
    }

    /// The number 65537 and one of 1024 bits, as they must not be written.
    @Test(
        "has each number in its shortest form",
        arguments: [
            ([1, 0, 1], [0x80], false), ([1, 0, 1], [0, 0x80], true), ([0, 1, 0, 1], [0, 0x80], false),
            ([1, 0, 1], [0, 0, 0x80], false), ([1, 0, 1], [0, 0x7f], false), ([], [0, 0x80], false),
            ([0], [0, 0x80], false), ([1, 0, 1], [], false), ([0x81], [0, 0x80], false),
        ] as [([UInt8], [UInt8], Bool)])
    func shortestNumbers(exponent: [UInt8], start: [UInt8], isGood: Bool) throws {
        let modulus = start + [UInt8](repeating: 1, count: start.isEmpty ? 0 : 127)
        if isGood {
            _ = try makeKey(type: "ssh-rsa", fields: [exponent, modulus])
        } else {
            #expect(throws: KeyError(.malformedNumber)) {
                try makeKey(type: "ssh-rsa", fields: [exponent, modulus])
            }
        }
    }

    @Test("has as many numbers as its type has")
    func countOfNumbers() {
        #expect(throws: KeyError(.malformedNumber)) { try makeKey(type: "ssh-rsa", fields: [[3]]) }
        #expect(throws: KeyError(.malformedBlob)) { try makeKey(type: "ssh-rsa", fields: [[3], [7], [7]]) }
        #expect(throws: KeyError(.malformedNumber)) {
            try makeKey(type: "ssh-dss", fields: [[7], [7], [7], [0, 7]])
        }
    }

    @Test("is refused wherever its blob is cut")
    func truncated() throws {
        let key = try PublicKey(type: Fixtures.ed25519.type, base64: Fixtures.ed25519.base64)
        for length in 0...15 {
            #expect(throws: KeyError.self) {
                try PublicKey(type: key.type, base64: Base64.encode(key.blob.prefix(length)))
            }
        }
    }

    @Test("is read from a line with a comment")
    func line() throws {
        let (key, comment) = try PublicKey.parse(
            line: "  \(Fixtures.ed25519.type)  \(Fixtures.ed25519.base64) alice at home \n")
        #expect(key.fingerprint == Fixtures.ed25519.fingerprint)
        #expect(comment == "alice at home")
        #expect(throws: KeyError(.malformedLine)) { try PublicKey.parse(line: "ssh-ed25519") }
    }
}

/// A key with arbitrary fields.
func makeKey(type: String, fields: [[UInt8]]) throws -> PublicKey {
    var blob: [UInt8] = []
    appendWireString(type.utf8, to: &blob)
    for field in fields { appendWireString(field, to: &blob) }
    return try PublicKey(type: type, base64: Base64.encode(blob))
}
