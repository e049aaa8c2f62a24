import AuthorizedKeys
import FoundationEssentials

/// Whether sshd would have a key at all, whoever it belongs to.
struct PresentedKey: Sendable {
    /// A plain key or a certificate.
    var key: PublicKey
    var settings: EffectiveSettings

    struct Refusal: Equatable, Sendable {
        var finding: String
        var remedy: String
    }

    /// Nil: it would.
    func refusal() async -> Refusal? {
        // Before version 8.5 it had another name.
        let keyword =
            settings["pubkeyacceptedalgorithms"] != nil
            ? "PubkeyAcceptedAlgorithms" : "PubkeyAcceptedKeyTypes"
        if let accepted = settings[keyword.lowercased()],
            Self.algorithms(of: key.type).isDisjoint(with: accepted.split(separator: ",").map(String.init))
        {
            return Refusal(
                finding: "\(keyword) does not contain \(key.type): sshd refuses this key, whoever has it",
                remedy: "The person makes another one: ssh-keygen -t ed25519")
        }
        if let least = settings["requiredrsasize"].flatMap({ Int($0) }), let bits = key.bitsOfRSA,
            bits < least
        {
            return Refusal(
                finding:
                    "RequiredRSASize is \(least), and the key has \(bits) bits: sshd refuses it, whoever has it",
                remedy: "The person makes another one: ssh-keygen -t ed25519")
        }
        guard let file = settings["revokedkeys"], file != "none" else { return nil }
        return await revocation(in: file)
    }

    /// The signature algorithms that a key of this type can use: RFC 8332 for RSA.
    static func algorithms(of type: String) -> Set<String> {
        guard type.hasPrefix("ssh-rsa") else { return [type] }
        let rest = type.dropFirst("ssh-rsa".count)
        return ["ssh-rsa\(rest)", "rsa-sha2-256\(rest)", "rsa-sha2-512\(rest)"]
    }

    // MARK: RevokedKeys

    /// - Parameter file: a list of ssh-keygen's (KRL), or public keys, one a line.
    private func revocation(in file: String) async -> Refusal? {
        guard let contents = FileManager.default.contents(atPath: file) else {
            return Refusal(
                finding: "RevokedKeys \(file) cannot be read: sshd refuses every key",
                remedy: "Put the file there, or remove the line, and reload sshd.")
        }
        let isRevoked =
            contents.starts(with: Data("SSHKRL".utf8))
            ? await isRevoked(byList: file) : Self.isRevoked(key, byLines: contents)
        guard isRevoked else { return nil }
        return Refusal(
            finding: "RevokedKeys \(file): the key is revoked",
            remedy: "Nothing, if that is meant; the person makes another one.")
    }

    private func isRevoked(byList file: String) async -> Bool {
        let path = "\(ThrowAwayKey.parent)/sallyport-explain-\(UUID().uuidString).pub"
        guard FileManager.default.createFile(atPath: path, contents: Data((key.line + "\n").utf8)) else {
            return false
        }
        defer { try? FileManager.default.removeItem(atPath: path) }
        // 0: it is not revoked.
        let outcome = await LocalCommand.run(["ssh-keygen", "-Q", "-f", file, path])
        return outcome?.status == 1 && outcome?.output.contains("REVOKED") == true
    }

    /// A certificate is revoked with its plain key, or with the authority that signed it.
    static func isRevoked(_ key: PublicKey, byLines contents: Data) -> Bool {
        var keys = [key]
        if let certificate = try? Certificate(key) { keys += [certificate.plainKey, certificate.authority] }
        return String(decoding: contents, as: UTF8.self).split(whereSeparator: \.isNewline).contains { line in
            (try? PublicKey.parse(line: String(line)).key).map(keys.contains) ?? false
        }
    }
}

extension PublicKey {
    /// How many bits the modulus of an RSA key has; nil: it is none.
    fileprivate var bitsOfRSA: Int? {
        guard type == "ssh-rsa", wireFields.count == 3 else { return nil }
        let modulus = wireFields[2].drop { $0 == 0 }
        return modulus.first.map { modulus.count * 8 - $0.leadingZeroBitCount }
    }
}
