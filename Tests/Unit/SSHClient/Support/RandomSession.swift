import EventLoop
import Glibc

@testable import SSHClient

/// A session with a server that does what a seed says.
struct RandomSession {
    private var random: Generator
    /// What the server does, for someone who looks for a fault.
    private(set) var script: [String] = []
    let behaves: Bool
    private let status: Int

    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        /// SplitMix64.
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = state
            value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
            return value ^ (value >> 31)
        }
    }

    private enum Deed: CaseIterable {
        case output, errors, muchOutput, muchErrors, ignored, requests, windows, nonsense, confirmation, keys,
            newKey
        case agent, exit, endOfFile, close, bytes, disconnect, reset
    }

    init(seed: UInt64) {
        random = Generator(state: seed)
        behaves = Int.random(in: 0..<5, using: &random) == 0
        // Only who behaves may be a success.
        status = Int.random(in: (behaves ? 0 : 1)..<10, using: &random)
    }

    /// What went wrong; nil: nothing.
    mutating func run() -> String? {
        let loop = EventLoop(HurriedTime())
        let server = ScriptedServer(on: loop)
        let client = Client("make", on: loop)
        if behaves { return runWell(server, client) }
        prepare(server)
        // Each once: what the server sends is in this process's memory, too.
        var deeds = Deed.allCases.shuffled(using: &random).prefix(Int.random(in: 1...6, using: &random))
        if Bool.random(using: &random) { deeds += [.exit, .endOfFile, .close] }
        let actions = deeds.map { action($0, server) }
        server.onStart = { for action in actions { action() } }
        client.reads = Bool.random(using: &random)
        loop.timer(after: .seconds(Int.random(in: 1...90, using: &random))) { [weak client] in
            client?.reads = true
        }
        // The one that answers may be silent for as long as the program is.
        loop.timer(after: .seconds(300)) { [weak server] in server?.peer.close() }
        if Bool.random(using: &random) { client.type([UInt8](repeating: 65, count: 50_000)) }
        client.visit(server)
        guard client.ending != nil || client.error != nil else { return "no end" }
        return client.ending == .exited(status: 0) ? "a success" : nil
    }

    private mutating func runWell(_ server: ScriptedServer, _ client: Client) -> String? {
        let output = [UInt8](repeating: 66, count: Int.random(in: 0...30_000, using: &random))
        script = ["behaves: \(output.count) bytes, status \(status)"]
        server.onStart = { [unowned server, status] in
            server.sendData(output)
            server.sendErrors("e")
            server.finish(status: status)
        }
        client.visit(server)
        return client.ending == .exited(status: CInt(status)) && client.output == output
            && client.errorText == "e"
            ? nil : "not a success: \(client.events)"
    }

    /// Answers in the wrong way, or not at all, while the session is set up: sometimes.
    private mutating func prepare(_ server: ScriptedServer) {
        server.maximumPacket = [0, 9, 10, 11, 64, 1 << 15, 0xffff_ffff].randomElement(using: &random) ?? 0
        server.window = [0, 1, 1 << 20, 0xffff_ffff].randomElement(using: &random) ?? 0
        guard Int.random(in: 0..<4, using: &random) == 0 else { return }
        let number: UInt8 =
            [
                Message.kexECDHInit, Message.newKeys, Message.serviceRequest, Message.userAuthRequest,
                Message.channelOpen, Message.channelRequest,
            ].randomElement(using: &random) ?? 0
        let deed = Deed.allCases.randomElement(using: &random) ?? .reset
        let answer = action(deed, server)
        script.append("instead of an answer to \(number)")
        server.answer = { [unowned server] message in
            guard message[0] == number else { return false }
            server.note(message)
            answer()
            return true
        }
    }

    private mutating func action(_ deed: Deed, _ server: ScriptedServer) -> () -> Void {
        let count = Int.random(in: 1...400, using: &random)
        let noise = (0..<Int.random(in: 0...300, using: &random)).map { _ in
            UInt8.random(in: 0...255, using: &random)
        }
        script.append("\(deed) \(count) \(noise.count)")
        let piece = [UInt8](repeating: 66, count: 30_000)
        return { [unowned server, status] in
            let channel = server.channel
            func repeatedly(_ times: Int, _ message: [UInt8]) { for _ in 0..<times { server.send(message) } }
            switch deed {
            case .output: server.sendData(noise)
            case .errors: server.sendErrors(String(repeating: "e", count: count))
            case .muchOutput: for _ in 0..<count { server.sendData(piece) }
            case .muchErrors:
                repeatedly(
                    count,
                    .message(Message.channelExtendedData, .uint32(channel), .uint32(1), .string(piece)))
            case .ignored: repeatedly(count * 15, .message(Message.ignore, .string("x")))
            case .requests:
                repeatedly(count * 15, .message(Message.globalRequest, .string("x"), .boolean(true)))
            case .windows:
                repeatedly(
                    count, .message(Message.channelWindowAdjust, .uint32(channel), .uint32(0xffff_ffff)))
            case .nonsense: server.send([UInt8(truncatingIfNeeded: count)] + noise)
            case .confirmation:
                server.send(
                    .message(
                        Message.channelOpenConfirmation, .uint32(channel), .uint32(channel),
                        .uint32(1 << 20), .uint32(10)))
            case .keys: server.exchangeKeysAgain(newHostKey: false)
            case .newKey: server.exchangeKeysAgain(newHostKey: true)
            case .agent:
                server.send(
                    .message(
                        Message.channelOpen, .string("auth-agent@openssh.com"), .uint32(count),
                        .uint32(1 << 16), .uint32(1 << 15)))
            case .exit: server.sendExit(status: status)
            case .endOfFile: server.sendEndOfFile()
            case .close: server.sendClose()
            case .bytes: server.peer.send(noise)
            case .disconnect: server.peer.close()
            case .reset: server.peer.reset()
            }
        }
    }
}
