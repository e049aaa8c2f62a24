/// A public key as OpenSSH writes it: a type's name and a blob in base64.
///
/// A value of this type has been checked: the name and the base64 contain nothing that an authorized_keys line or a
/// shell could misread, and the blob names the same type. sshd decides which types exist, so that future ones
/// pass. The blob can be a certificate: see ``Certificate``.
public struct PublicKey: Hashable, Sendable {
    /// The key type's name, such as `ssh-ed25519`.
    public let type: String
    /// The blob in canonical base64, with padding.
    public let base64: String
    /// The decoded bytes.
    let blob: [UInt8]

    /// RFC 4251 section 6 limits names to 64 characters.
    static let maximumTypeLength = 64
    /// The most bytes of base64. RSA with 16384 bits has under 3000, its certificate under 8000; the printed line
    /// contains a key twice, and one argument of execve(2) has at most 128 KiB.
    static let maximumBase64Length = 32 << 10

    /// Checks that a type and a blob match.
    public init(type: String, base64: String) throws(KeyError) {
        guard !type.isEmpty, type.utf8.count <= Self.maximumTypeLength,
            type.utf8.allSatisfy(Self.isAllowedInType)
        else { throw KeyError(.malformedType) }
        guard !base64.isEmpty, base64.utf8.count <= Self.maximumBase64Length else {
            throw KeyError(.malformedBase64)
        }
        guard let blob = Base64.decode(base64.utf8) else { throw KeyError(.malformedBase64) }
        var reader = WireReader(blob)
        guard let inner = reader.string() else { throw KeyError(.malformedBlob) }
        guard inner.elementsEqual(type.utf8) else { throw KeyError(.typeMismatch) }
        guard !reader.isAtEnd else { throw KeyError(.malformedBlob) }
        if let numbers = Self.numbers(ofType: type) {
            for _ in 0..<numbers where reader.positiveNumber() == nil { throw KeyError(.malformedNumber) }
            guard reader.isAtEnd else { throw KeyError(.malformedBlob) }
        }
        self.type = type
        self.base64 = base64
        self.blob = blob
    }

    /// Reads the type from the blob itself.
    init(blob: [UInt8]) throws(KeyError) {
        var reader = WireReader(blob)
        guard let type = reader.string(), type.count <= Self.maximumTypeLength,
            type.allSatisfy(Self.isAllowedInType)
        else { throw KeyError(.malformedBlob) }
        try self.init(type: String(decoding: type, as: UTF8.self), base64: Base64.encode(blob))
    }

    /// Parses a line of a `.pub` file: `<type> <base64> [comment]`, without options before it.
    public static func parse(line: String) throws(KeyError) -> (key: PublicKey, comment: String) {
        let words = line.split(maxSplits: 2, whereSeparator: { $0.isWhitespace })
        guard words.count >= 2 else { throw KeyError(.malformedLine) }
        let key = try PublicKey(type: String(words[0]), base64: String(words[1]))
        var comment = words.count > 2 ? words[2] : ""
        while comment.last?.isWhitespace == true { comment.removeLast() }
        return (key, String(comment))
    }

    /// How many numbers a key of this type consists of; nil: it consists of something else.
    private static func numbers(ofType type: String) -> Int? {
        type == "ssh-rsa" ? 2 : type == "ssh-dss" ? 4 : nil
    }

    /// A blob in base64 alone; it says its type itself.
    package init?(base64: Substring) {
        guard let blob = Base64.decode(base64.utf8), blob.count > 8 else { return nil }
        do throws(KeyError) { try self.init(blob: blob) } catch { return nil }
    }

    /// The bytes of canonical base64.
    package static func decode(base64: String) throws(KeyError) -> [UInt8] {
        guard let bytes = Base64.decode(base64.utf8) else { throw KeyError(.malformedBase64) }
        return bytes
    }

    /// The strings that the blob consists of, the type first; empty if it does not consist of strings.
    package var wireFields: [ArraySlice<UInt8>] {
        var reader = WireReader(blob)
        var fields: [ArraySlice<UInt8>] = []
        while !reader.isAtEnd {
            guard let field = reader.string() else { return [] }
            fields.append(field)
        }
        return fields
    }

    /// Whether it is a security key's (FIDO).
    package var isOfSecurityKey: Bool { type.hasPrefix("sk-") }

    /// `<type> <base64>`
    public var line: String { "\(type) \(base64)" }

    /// `SHA256:` and base64 without padding, as `ssh-keygen -l` prints it.
    public var fingerprint: String { "SHA256:" + Base64.encode(SHA256.digest(of: blob), padded: false) }

    private static func isAllowedInType(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "@"):
            true
        default: false
        }
    }
}
