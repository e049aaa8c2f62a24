import BuildAPI
import EventLoop
import Foundation

@testable import SSHClient

/// An SSH server whose every message can be a test's: what OpenSSH never does, and hostile ones may.
///
/// By itself it lets everybody in, opens one channel, and says yes to every request. It knows curve25519-sha256 (RFC
/// 8731), ssh-ed25519 (RFC 8709) and aes128-gcm@openssh.com (RFC 5647), and exchanges keys again only when a test says so.
final class ScriptedServer {
    /// Sees each message first; true: it has been answered.
    var answer: (_ message: [UInt8]) -> Bool = { _ in false }
    /// Called when the program has been asked for.
    var onStart: () -> Void = {}
    /// Names of what has come, for messages after the key exchange.
    private(set) var received: [UInt8] = []
    /// What goes over the line instead of the version.
    var version = "SSH-2.0-Scripted"
    var window = 1 << 20
    var maximumPacket = 32 << 10
    /// The only compression that it offers. It compresses nothing.
    var compression = "none"
    /// Messages that follow the confirmation of the channel at once.
    var afterConfirmation: [[UInt8]] = []

    let peer: Peer
    private var hostKey = KeyPair(.ed25519)
    private var incoming: [UInt8] = []
    private var clientVersion: String?
    private var clientInit: [UInt8] = []
    private var serverInit: [UInt8] = []
    private var sending: PacketKey?
    private var receiving: PacketKey?
    private var sessionID: [UInt8]?
    private var next: (sending: PacketKey, receiving: PacketKey)?
    /// The client's number of the channel.
    private(set) var channel = 0

    /// - Parameter budget: bytes after which it closes the connection; nil: it does not.
    init(on loop: EventLoop, budget: Int? = nil) {
        peer = Peer(on: loop, budget: budget)
        peer.onAccept = { [unowned self] in greet() }
        peer.onBytes = { [unowned self] in take($0) }
    }

    private var hostKeyBlob: [UInt8] {
        .string("ssh-ed25519") + .string(hostKey.publicKey)
    }

    var address: BuilderAddress {
        BuilderAddress(
            endpoint: .address("127.0.0.1", port: peer.port), user: "build",
            hostKeys: ["ssh-ed25519 \(Data(hostKeyBlob).base64EncodedString())"])
    }

    // MARK: What a script says

    func send(_ message: [UInt8]) {
        if var key = sending {
            let packet = key.seal(message)
            sending = key
            peer.send(packet)
        } else {
            peer.send(clear(message))
        }
    }

    func sendData(_ bytes: some Sequence<UInt8>) {
        send(.message(Message.channelData, .uint32(channel), .string(bytes)))
    }

    func sendData(_ text: String) {
        sendData(text.utf8)
    }

    func sendErrors(_ text: String) {
        send(.message(Message.channelExtendedData, .uint32(channel), .uint32(1), .string(text)))
    }

    func sendExit(status: Int) {
        send(
            .message(
                Message.channelRequest, .uint32(channel), .string("exit-status"), .boolean(false),
                .uint32(status)))
    }

    func sendExit(signal: String) {
        send(
            .message(
                Message.channelRequest, .uint32(channel), .string("exit-signal"), .boolean(false),
                .string(signal), .boolean(false), .string(""), .string("")))
    }

    func sendEndOfFile() { send(.message(Message.channelEOF, .uint32(channel))) }
    func sendClose() { send(.message(Message.channelClose, .uint32(channel))) }

    /// All that a program says that ends well.
    func finish(status: Int = 0) {
        sendEndOfFile()
        sendExit(status: status)
        sendClose()
    }

    /// Begins another key exchange.
    ///
    /// - Parameter newHostKey: whether it shows another host key this time.
    func exchangeKeysAgain(newHostKey: Bool) {
        if newHostKey { hostKey = KeyPair(.ed25519) }
        sendKexInit()
    }

    // MARK: The transport

    private func greet() {
        peer.send(version + "\r\n")
        sendKexInit()
    }

    private func sendKexInit() {
        let lists = [
            "curve25519-sha256", "ssh-ed25519", "aes128-gcm@openssh.com", "aes128-gcm@openssh.com",
            "hmac-sha2-256", "hmac-sha2-256", compression, compression, "", "",
        ]
        serverInit =
            [Message.kexInit] + [UInt8](repeating: 7, count: 16) + lists.flatMap { [UInt8].string($0) }
            + .boolean(false) + .uint32(0)
        send(serverInit)
    }

    private func take(_ bytes: [UInt8]) {
        incoming += bytes
        if clientVersion == nil, let end = incoming.firstIndex(of: UInt8(ascii: "\n")) {
            clientVersion = String(decoding: incoming[..<end].filter { $0 != 13 }, as: UTF8.self)
            incoming.removeFirst(end + 1)
        }
        guard clientVersion != nil else { return }
        while let message = nextMessage() { handle(message) }
    }

    private func nextMessage() -> [UInt8]? {
        guard incoming.count >= 4 else { return nil }
        let length = incoming[..<4].reduce(0) { $0 << 8 | Int($1) }
        let tag = receiving == nil ? 0 : PacketKey.tag
        guard incoming.count >= 4 + length + tag else { return nil }
        let packet = Array(incoming[..<(4 + length + tag)])
        incoming.removeFirst(packet.count)
        guard var key = receiving else {
            return length > packet[4] ? Array(packet[5..<(4 + length - Int(packet[4]))]) : nil
        }
        let message = key.open(packet)
        receiving = key
        return message
    }

    private func clear(_ message: [UInt8]) -> [UInt8] {
        let padding = 4 + (8 - (message.count + 9) % 8) % 8
        return .uint32(message.count + padding + 1) + [UInt8(padding)] + message
            + [UInt8](repeating: 0, count: padding)
    }

    private func handle(_ message: [UInt8]) {
        if receiving != nil { received.append(message[0]) }
        if message[0] == Message.newKeys { receiving = next?.receiving }
        guard !answer(message) else { return }
        var reader = WireReader(message.dropFirst())
        switch message[0] {
        case Message.kexInit: clientInit = message
        case Message.kexECDHInit: exchangeKeys(with: reader.string())
        case Message.serviceRequest: send(.message(Message.serviceAccept, .string(reader.string())))
        case Message.userAuthRequest: send([Message.userAuthSuccess])
        case Message.channelOpen:
            note(message)
            send(
                .message(
                    Message.channelOpenConfirmation, .uint32(channel), .uint32(0), .uint32(window),
                    .uint32(maximumPacket)))
            for message in afterConfirmation { send(message) }
        case Message.channelRequest:
            _ = reader.uint32()
            let type = reader.text()
            if reader.byte() != 0 { send(.message(Message.channelSuccess, .uint32(channel))) }
            if type == "exec" || type == "shell" { onStart() }
        case Message.globalRequest:
            _ = reader.string()
            if reader.byte() != 0 { send([Message.requestFailure]) }
        default: break
        }
    }

    /// Takes the client's number of the channel from its wish for one.
    func note(_ message: [UInt8]) {
        guard message[0] == Message.channelOpen else { return }
        var reader = WireReader(message.dropFirst())
        _ = reader.string()
        channel = reader.uint32()
    }

    private func exchangeKeys(with theirs: [UInt8]) {
        let ephemeral = KeyPair(.x25519)
        guard let shared = ephemeral.secret(with: theirs) else { return peer.close() }
        let secret = [UInt8].mpint(shared)
        let ours = ephemeral.publicKey
        var hashed: [UInt8] = .string(clientVersion ?? "") + .string(version)
        hashed += .string(clientInit) + .string(serverInit) + .string(hostKeyBlob)
        hashed += .string(theirs) + .string(ours) + secret
        let hash = hashed.sha256
        let sessionID = sessionID ?? hash
        self.sessionID = sessionID
        send(
            .message(
                Message.kexECDHReply, .string(hostKeyBlob), .string(ours),
                .string(.string("ssh-ed25519") + .string(hostKey.signature(for: hash)))))
        send([Message.newKeys])
        func derive(_ letter: Character, _ count: Int) -> [UInt8] {
            let letter = letter.asciiValue.map { [$0] } ?? []
            return Array((secret + hash + letter + sessionID).sha256.prefix(count))
        }
        let keys = (
            sending: PacketKey(key: derive("D", 16), start: derive("B", 12)),
            receiving: PacketKey(key: derive("C", 16), start: derive("A", 12))
        )
        sending = keys.sending
        next = keys
    }
}
