/// The parts of an OpenSSH user certificate (PROTOCOL.certkeys) that an authorized_keys line needs.
///
/// Nothing in it is trusted: sshd checks the signature, the principals and the times, and the certificate authority
/// proves nothing to Sallyport. The person is the owner of the plain key inside.
public struct Certificate: Hashable, Sendable {
    /// The key that the certificate certifies.
    public let plainKey: PublicKey
    /// The key of the certificate authority that signed it.
    public let authority: PublicKey
    /// What the authority calls it: a number, and a text.
    public let serial: UInt64
    public let keyID: String

    private static let suffix = "-cert-v01@openssh.com"
    private static let userCertificate: UInt32 = 1

    /// Whether a type's name is that of a certificate.
    public static func isCertificate(_ key: PublicKey) -> Bool {
        key.type.hasSuffix(suffix)
    }

    public init(_ key: PublicKey) throws(KeyError) {
        let plainType = String(key.type.dropLast(Self.suffix.count))
        guard Self.isCertificate(key), let plain = Self.plainTypes[plainType] else {
            throw KeyError(.unknownCertificateType)
        }
        var reader = WireReader(key.blob)
        _ = reader.string()  // the type, checked already
        guard reader.string() != nil else { throw KeyError(.malformedBlob) }  // the nonce

        var plainBlob: [UInt8] = []
        appendWireString(plain.name.utf8, to: &plainBlob)
        for _ in 0..<plain.fields {
            guard let field = reader.string() else { throw KeyError(.malformedBlob) }
            appendWireString(field, to: &plainBlob)
        }

        guard let serial = reader.uint64(),
            let type = reader.uint32(),
            let keyID = reader.string(),
            reader.string() != nil,  // principals
            reader.uint64() != nil,  // valid after
            reader.uint64() != nil,  // valid before
            reader.string() != nil,  // critical options
            reader.string() != nil,  // extensions
            reader.string() != nil,  // reserved
            let signatureKey = reader.string(),
            reader.string() != nil,  // signature
            reader.isAtEnd
        else { throw KeyError(.malformedBlob) }
        guard type == Self.userCertificate else { throw KeyError(.notAUserCertificate) }

        self.serial = serial
        self.keyID = String(decoding: keyID, as: UTF8.self)
        plainKey = try PublicKey(blob: plainBlob)
        authority = try PublicKey(blob: Array(signatureKey))
        guard !Self.isCertificate(authority) else { throw KeyError(.nestedCertificate) }
    }

    /// For each type, without the suffix: the plain key's name and how many fields follow it in its blob. The fields
    /// are `string` or `mpint`, which look alike.
    private static let plainTypes: [String: (name: String, fields: Int)] = [
        "ssh-ed25519": ("ssh-ed25519", 1),
        "ssh-rsa": ("ssh-rsa", 2),
        "rsa-sha2-256": ("ssh-rsa", 2),
        "rsa-sha2-512": ("ssh-rsa", 2),
        "ssh-dss": ("ssh-dss", 4),
        "ecdsa-sha2-nistp256": ("ecdsa-sha2-nistp256", 2),
        "ecdsa-sha2-nistp384": ("ecdsa-sha2-nistp384", 2),
        "ecdsa-sha2-nistp521": ("ecdsa-sha2-nistp521", 2),
        "sk-ssh-ed25519": ("sk-ssh-ed25519@openssh.com", 2),
        "sk-ecdsa-sha2-nistp256": ("sk-ecdsa-sha2-nistp256@openssh.com", 3),
    ]
}
