import BuildAPI
import CLinux
import EventLoop
import Glibc
import Testing

@testable import SSHClient

/// Connections to builders that a Unix socket hands over.
@Suite struct HandoverTests {
    private let loop = EventLoop(HurriedTime())

    init() {
        signal(SIGPIPE, SIG_IGN)
    }

    /// Connects, and returns why that failed, or nil.
    private func fail(
        at path: String, within limit: Duration = .seconds(60), meanwhile: (EventLoop) -> Void = { _ in }
    ) -> SSHClientError? {
        var outcome: Result<Void, SSHClientError>?
        let connection = DirectConnection(
            to: BuilderAddress(endpoint: .socket(path: path), user: "build", hostKeys: []), on: loop
        ) { [unowned loop] event in
            switch event {
            case .connected: outcome = .success(())
            case .failed(let error): outcome = .failure(error)
            case .builderEnded, .ended: Issue.record("nothing was carried")
            }
            loop.stop()
        }
        connection.start()
        #expect(outcome == nil, "no event from within start()")
        meanwhile(loop)
        let guardian = loop.timer(after: limit) { [unowned loop] in loop.stop() }
        loop.run()
        guardian.cancel()
        connection.close()
        guard let outcome else {
            Issue.record("nothing has happened")
            return nil
        }
        if case .failure(let error) = outcome { return error }
        return nil
    }

    /// SSH, from the version to the start of a command, as over TCP.
    @Test func aProgramRunsOverAConnectionThatWasHandedOver() {
        let server = ScriptedServer(on: loop)
        guard case .address(_, let port) = server.address.endpoint else {
            Issue.record("no port")
            return
        }
        let peer = HandoverPeer.handingOver(port: port, on: loop)
        var address = server.address
        address.endpoint = .socket(path: peer.path)
        let client = Client("make", on: loop)
        client.onEvent = { [loop] event in if case .started = event { loop.stop() } }
        client.connect(to: address, credentials: BuilderCredentials(orNone: nil))
        client.finish(within: .seconds(600))
        #expect(client.events == ["hostKeyVerified", "authenticated", "started"])
    }

    @Test func bytesAreCarriedOverAConnectionThatWasHandedOver() {
        let server = Peer(on: loop)
        let peer = HandoverPeer.handingOver(port: server.port, on: loop)
        #expect(fail(at: peer.path) == nil)
    }

    @Test func aBuilderWhoseServerRefusesIsUnreachable() {
        let (listener, port) = Peer.listen()
        close(listener)
        let peer = HandoverPeer.handingOver(port: port, on: loop)
        let error = fail(at: peer.path)
        #expect(error?.code == .unreachable)
        #expect(error?.debugDescription.hasSuffix("\(peer.path): connect: Connection refused") == true)
    }

    /// What a hostile or broken socket does.
    private enum Malice: CaseIterable {
        case hangUp, noDescriptor, aFile, aPipe, manyBytes, tooMany
    }

    @Test(arguments: Malice.allCases) private func whatIsNoConnectionIsNone(malice: Malice) {
        // What is sent, and nothing else in this process.
        var sent: Set<FileID> = []
        do {
            let peer = HandoverPeer(on: loop) { client in
                var ends: [CInt] = [-1, -1]
                sp_pipe(&ends)
                var name = Array("/tmp/handover-XXXXXX".utf8CString)
                let file = mkstemp(&name)
                unlink(name)
                sent.formUnion([ends[0], file].compactMap(FileID.init))
                defer { for descriptor in ends + [file] { close(descriptor) } }
                switch malice {
                case .hangUp: break
                case .noDescriptor: _ = sp_send_descriptor(client, 0, -1)
                case .aFile: _ = sp_send_descriptor(client, 0, file)
                case .aPipe: _ = sp_send_descriptor(client, 0, ends[0])
                case .manyBytes: _ = write(client, "SSH-2.0-OpenSSH\r\n", 17)
                case .tooMany: for _ in 0..<20 { _ = sp_send_descriptor(client, 255, file) }
                }
                return false
            }
            #expect(fail(at: peer.path)?.code == .unreachable)
        }
        let left = (0..<1024).filter { FileID(CInt($0)).map(sent.contains) ?? false }
        #expect(sent.count == 2 && left.isEmpty, "no descriptor stays")
    }

    @Test func silenceEndsWhenItsTimeIsOver() {
        let peer = HandoverPeer(on: loop) { _ in true }
        #expect(fail(at: peer.path)?.code == .timedOut)
    }

    /// Clients wait until there is room.
    @Test func aSocketWithoutRoomIsTriedAgain() {
        let server = Peer(on: loop)
        var served = 0
        let full = HandoverPeer(on: loop, backlog: 0) { client in
            served += 1
            return sp_send_descriptor(client, 0, client) == 0
        }
        full.pause()
        var waiting: [DirectConnection] = []
        for _ in 0..<3 {
            let connection = DirectConnection(
                to: BuilderAddress(endpoint: .socket(path: full.path), user: "build", hostKeys: []), on: loop
            ) { _ in }
            connection.start()
            waiting.append(connection)
        }
        let error = fail(at: full.path) { loop in loop.timer(after: .seconds(2)) { full.begin() } }
        #expect(error == nil && served >= 2, "\(served)")
        _ = server
        for connection in waiting { connection.close() }
    }

    @Test func whereThereIsNoSocketTheReasonIsSaid() {
        let peer = HandoverPeer(on: loop) { _ in false }
        let folder = String(peer.path.dropLast(2))
        let gone = fail(at: "\(folder)/other")
        #expect(gone?.code == .unreachable)
        let elsewhere = fail(at: "\(folder)/none/s")
        #expect(elsewhere?.code == .elsewhere)
        #expect(elsewhere?.debugDescription.contains("there is no \(folder)/none") == true)
        for path in ["", "relative", "/" + String(repeating: "x", count: 107), "/a\0b"] {
            #expect(fail(at: path)?.code == .misconfigured, "\(path)")
        }
    }

    /// What a descriptor refers to.
    private struct FileID: Hashable {
        let device: UInt
        let inode: UInt

        init?(_ descriptor: CInt) {
            var status = stat()
            guard fstat(descriptor, &status) == 0 else { return nil }
            (device, inode) = (UInt(status.st_dev), UInt(status.st_ino))
        }
    }
}
