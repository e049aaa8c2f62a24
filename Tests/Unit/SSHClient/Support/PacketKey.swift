import COpenSSL

/// One direction of aes128-gcm@openssh.com.
struct PacketKey {
    static let tag = 16
    private let key: [UInt8]
    private let fixed: [UInt8]
    private var counter: UInt64

    init(key: [UInt8], start: [UInt8]) {
        self.key = key
        fixed = Array(start[..<4])
        counter = start[4...].reduce(0) { $0 << 8 | UInt64($1) }
    }

    private mutating func nonce() -> [UInt8] {
        defer { counter &+= 1 }
        return fixed + (0..<8).reversed().map { UInt8(truncatingIfNeeded: counter >> ($0 * 8)) }
    }

    mutating func seal(_ message: [UInt8]) -> [UInt8] {
        let padding = 4 + (16 - (message.count + 5) % 16) % 16
        let length = [UInt8].uint32(message.count + padding + 1)
        let plain = [UInt8(padding)] + message + [UInt8](repeating: 0, count: padding)
        let context = EVP_CIPHER_CTX_new()
        defer { EVP_CIPHER_CTX_free(context) }
        var sealed = [UInt8](repeating: 0, count: plain.count)
        var tag = [UInt8](repeating: 0, count: Self.tag)
        var count: CInt = 0
        precondition(EVP_EncryptInit_ex(context, EVP_aes_128_gcm(), nil, key, nonce()) == 1)
        precondition(EVP_EncryptUpdate(context, nil, &count, length, CInt(length.count)) == 1)
        precondition(EVP_EncryptUpdate(context, &sealed, &count, plain, CInt(plain.count)) == 1)
        precondition(EVP_EncryptFinal_ex(context, nil, &count) == 1)
        precondition(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, CInt(tag.count), &tag) == 1)
        return length + sealed + tag
    }

    /// Nil: it has been sealed with another key, or changed since.
    mutating func open(_ packet: [UInt8]) -> [UInt8]? {
        let (length, sealed) = (Array(packet[..<4]), Array(packet[4..<(packet.count - Self.tag)]))
        var tag = Array(packet.suffix(Self.tag))
        let context = EVP_CIPHER_CTX_new()
        defer { EVP_CIPHER_CTX_free(context) }
        var plain = [UInt8](repeating: 0, count: sealed.count)
        var count: CInt = 0
        precondition(EVP_DecryptInit_ex(context, EVP_aes_128_gcm(), nil, key, nonce()) == 1)
        precondition(EVP_DecryptUpdate(context, nil, &count, length, CInt(length.count)) == 1)
        precondition(EVP_DecryptUpdate(context, &plain, &count, sealed, CInt(sealed.count)) == 1)
        precondition(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, CInt(tag.count), &tag) == 1)
        guard EVP_DecryptFinal_ex(context, nil, &count) == 1 else { return nil }
        return Array(plain[1..<(plain.count - Int(plain[0]))])
    }
}
