import AuthorizedKeys

/// Which keys OpenSSH's sshd accepts for a login.
extension PublicKey {
    /// Why nobody can log in with a key.
    enum LoginFault: Equatable {
        /// It is no whole key of its type.
        case damaged
        /// The reason completes "No login is possible:".
        case unacceptable(String)
    }

    /// The most base64 of 4 KB. RSA with 16384 bits has half of it.
    private static let maximumLength = 4096 / 3 * 4 + 4

    /// As far as the public half tells; nil: it can be used.
    var loginFault: LoginFault? {
        var fields = wireFields
        guard !fields.isEmpty else { return .damaged }
        guard base64.utf8.count <= Self.maximumLength else { return .unacceptable("it has more than 4 KB") }
        fields.removeFirst()
        switch type {
        case "ssh-ed25519": return fields.count == 1 && fields[0].count == 32 ? nil : .damaged
        case "sk-ssh-ed25519@openssh.com":
            return fields.count == 2 && fields[0].count == 32 ? nil : .damaged
        case "ssh-rsa": return Self.rsaFault(fields)
        case "ecdsa-sha2-nistp256": return Self.isPoint(fields, on: .nistp256) ? nil : .damaged
        case "ecdsa-sha2-nistp384": return Self.isPoint(fields, on: .nistp384) ? nil : .damaged
        case "ecdsa-sha2-nistp521": return Self.isPoint(fields, on: .nistp521) ? nil : .damaged
        case "sk-ecdsa-sha2-nistp256@openssh.com":
            return fields.count == 3 && Self.isPoint(Array(fields.prefix(2)), on: .nistp256)
                ? nil : .damaged
        case "ssh-dss": return .unacceptable("DSA is no longer accepted")
        default: return .unacceptable("sshd does not know its type")
        }
    }

    /// The exponent and the modulus.
    private static func rsaFault(_ fields: [ArraySlice<UInt8>]) -> LoginFault? {
        guard fields.count == 2, let exponent = fields[0].last, let modulus = fields[1].last,
            exponent & 1 == 1, fields[0] != [1], modulus & 1 == 1
        else { return .damaged }
        let bits = Self.bits(of: fields[1])
        if bits < 1024 { return .unacceptable("RSA with \(bits) bits is too short") }
        if bits > 16384 { return .unacceptable("RSA with \(bits) bits is too long") }
        // libcrypto's limits (OPENSSL_RSA_SMALL_MODULUS_BITS, OPENSSL_RSA_MAX_PUBEXP_BITS).
        let exponentBits = Self.bits(of: fields[0])
        return exponentBits < bits && (bits <= 3072 || exponentBits <= 64)
            ? nil : .unacceptable("its RSA exponent is too large")
    }

    private static func bits(of number: ArraySlice<UInt8>) -> Int {
        let digits = number.drop { $0 == 0 }
        return digits.count * 8 - (digits.first?.leadingZeroBitCount ?? 0)
    }

    /// A curve's name, and an uncompressed point.
    private static func isPoint(_ fields: [ArraySlice<UInt8>], on curve: EllipticCurve) -> Bool {
        fields.count == 2 && fields[0].elementsEqual(curve.name.utf8) && curve.hasPoint(fields[1])
    }

    /// The types that a line can begin with, known or not.
    static func looksLikeType(_ word: Substring) -> Bool {
        word.hasPrefix("ssh-") || word.hasPrefix("ecdsa-sha2-") || word.hasPrefix("sk-")
            || word.hasPrefix("rsa-sha2-") || word.hasSuffix("@openssh.com")
    }
}
