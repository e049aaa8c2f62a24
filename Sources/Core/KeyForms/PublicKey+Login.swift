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

    /// As far as the public half tells; nil: it can be used.
    var loginFault: LoginFault? {
        var fields = wireFields
        guard !fields.isEmpty else { return .damaged }
        fields.removeFirst()
        switch type {
        case "ssh-ed25519": return fields.count == 1 && fields[0].count == 32 ? nil : .damaged
        case "sk-ssh-ed25519@openssh.com":
            return fields.count == 2 && fields[0].count == 32 ? nil : .damaged
        case "ssh-rsa": return Self.rsaFault(fields)
        case "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521":
            return Self.isPoint(fields, on: type.dropFirst("ecdsa-sha2-".count)) ? nil : .damaged
        case "sk-ecdsa-sha2-nistp256@openssh.com":
            return fields.count == 3 && Self.isPoint(Array(fields.prefix(2)), on: "nistp256")
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
        let number = fields[1].drop { $0 == 0 }
        let bits = number.count * 8 - (number.first?.leadingZeroBitCount ?? 0)
        if bits < 1024 { return .unacceptable("RSA with \(bits) bits is too short") }
        return bits > 16384 ? .unacceptable("RSA with \(bits) bits is too long") : nil
    }

    /// A curve's name, and an uncompressed point.
    private static func isPoint(_ fields: [ArraySlice<UInt8>], on curve: some StringProtocol) -> Bool {
        let lengths = ["nistp256": 65, "nistp384": 97, "nistp521": 133]
        return fields.count == 2 && fields[0].elementsEqual(curve.utf8) && fields[1].first == 4
            && fields[1].count == lengths[String(curve)]
    }

    /// The types that a line can begin with, known or not.
    static func looksLikeType(_ word: Substring) -> Bool {
        word.hasPrefix("ssh-") || word.hasPrefix("ecdsa-sha2-") || word.hasPrefix("sk-")
            || word.hasPrefix("rsa-sha2-") || word.hasSuffix("@openssh.com")
    }
}
