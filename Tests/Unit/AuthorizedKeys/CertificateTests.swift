import Testing

@testable import AuthorizedKeys

@Suite("A certificate")
struct CertificateTests {
    @Test(
        "holds the plain key and names its authority",
        arguments: [
            (Fixtures.ed25519Certificate, Fixtures.ed25519), (Fixtures.rsaCertificate, Fixtures.rsa),
            (Fixtures.ecdsaCertificate, Fixtures.ecdsa),
        ])
    func contents(
        _ certificate: (type: String, base64: String),
        _ plain: (type: String, base64: String, fingerprint: String)
    ) throws {
        let parsed = try Certificate(PublicKey(type: certificate.type, base64: certificate.base64))
        #expect(parsed.plainKey.line == "\(plain.type) \(plain.base64)")
        #expect(parsed.authority.base64 == Fixtures.authority.base64)
    }

    @Test("of a host is refused")
    func host() throws {
        let key = try PublicKey(type: Fixtures.hostCertificate.type, base64: Fixtures.hostCertificate.base64)
        #expect(throws: KeyError(.notAUserCertificate)) { try Certificate(key) }
    }

    @Test("of an unknown type is refused")
    func unknownType() throws {
        let key = try makeKey(type: "ssh-new-cert-v01@openssh.com", fields: [[1], [2]])
        #expect(throws: KeyError(.unknownCertificateType)) { try Certificate(key) }
    }

    @Test("is refused wherever it is cut, and with an extra byte")
    func damaged() throws {
        let key = try PublicKey(type: Fixtures.rsaCertificate.type, base64: Fixtures.rsaCertificate.base64)
        for length in 33..<key.blob.count {
            let cut = try PublicKey(type: key.type, base64: Base64.encode(key.blob.prefix(length)))
            #expect(throws: KeyError(.malformedBlob)) { try Certificate(cut) }
        }
        let long = try PublicKey(type: key.type, base64: Base64.encode(key.blob + [0]))
        #expect(throws: KeyError(.malformedBlob)) { try Certificate(long) }
    }
}
