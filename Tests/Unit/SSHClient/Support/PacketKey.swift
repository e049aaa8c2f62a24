import Crypto
import Foundation

/// One direction of aes128-gcm@openssh.com.
struct PacketKey {
    static let tag = 16
    private let key: SymmetricKey
    private let fixed: [UInt8]
    private var counter: UInt64

    init(key: [UInt8], start: [UInt8]) {
        self.key = SymmetricKey(data: key)
        fixed = Array(start[..<4])
        counter = start[4...].reduce(0) { $0 << 8 | UInt64($1) }
    }

    private mutating func nonce() -> AES.GCM.Nonce? {
        defer { counter &+= 1 }
        return try? AES.GCM.Nonce(
            data: fixed + (0..<8).reversed().map { UInt8(truncatingIfNeeded: counter >> ($0 * 8)) })
    }

    mutating func seal(_ message: [UInt8]) -> [UInt8] {
        let padding = 4 + (16 - (message.count + 5) % 16) % 16
        let length = [UInt8].uint32(message.count + padding + 1)
        let plain = [UInt8(padding)] + message + [UInt8](repeating: 0, count: padding)
        guard let box = try? AES.GCM.seal(plain, using: key, nonce: nonce(), authenticating: length) else {
            return []
        }
        return length + box.ciphertext + box.tag
    }

    mutating func open(_ packet: [UInt8]) -> [UInt8]? {
        guard let nonce = nonce(),
            let box = try? AES.GCM.SealedBox(
                nonce: nonce, ciphertext: packet[4..<(packet.count - Self.tag)],
                tag: packet.suffix(Self.tag)),
            let plain = try? AES.GCM.open(box, using: key, authenticating: packet[..<4])
        else { return nil }
        return Array(plain[1..<(plain.count - Int(plain[0]))])
    }
}
