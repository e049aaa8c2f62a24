import COpenSSL

/// A private key of Curve25519, and its public one: ed25519 to sign with, or x25519 to agree on a secret with.
final class KeyPair {
    enum Kind { case ed25519, x25519 }

    private let key: OpaquePointer

    init(_ kind: Kind) {
        let context = EVP_PKEY_CTX_new_id(kind.number, nil)
        defer { EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard EVP_PKEY_keygen_init(context) == 1, EVP_PKEY_keygen(context, &key) == 1, let key else {
            fatalError("OpenSSL makes no key")
        }
        self.key = key
    }

    deinit { EVP_PKEY_free(key) }

    /// 32 bytes.
    var publicKey: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 32)
        var count = bytes.count
        precondition(EVP_PKEY_get_raw_public_key(key, &bytes, &count) == 1)
        return bytes
    }

    func signature(for message: [UInt8]) -> [UInt8] {
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        var signature = [UInt8](repeating: 0, count: 64)
        var count = signature.count
        precondition(EVP_DigestSignInit(context, nil, nil, nil, key) == 1)
        precondition(EVP_DigestSign(context, &signature, &count, message, message.count) == 1)
        return signature
    }

    /// The secret that only the two of them know; nil: that is no public key.
    func secret(with publicKey: [UInt8]) -> [UInt8]? {
        guard let other = EVP_PKEY_new_raw_public_key(Kind.x25519.number, nil, publicKey, publicKey.count)
        else { return nil }
        defer { EVP_PKEY_free(other) }
        let context = EVP_PKEY_CTX_new(key, nil)
        defer { EVP_PKEY_CTX_free(context) }
        var secret = [UInt8](repeating: 0, count: 32)
        var count = secret.count
        guard EVP_PKEY_derive_init(context) == 1, EVP_PKEY_derive_set_peer(context, other) == 1,
            EVP_PKEY_derive(context, &secret, &count) == 1
        else { return nil }
        return secret
    }
}

extension KeyPair.Kind {
    fileprivate var number: CInt { self == .ed25519 ? EVP_PKEY_ED25519 : EVP_PKEY_X25519 }
}

extension [UInt8] {
    /// The SHA-256 of these bytes.
    var sha256: [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        precondition(EVP_Digest(self, count, &digest, nil, EVP_sha256(), nil) == 1)
        return digest
    }
}
