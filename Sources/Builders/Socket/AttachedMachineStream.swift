import CLinux
import Connections
import EventLoop
import Glibc

/// A stream to the SSH server of a machine that has dialled a gateway, from the gateway's process: docs/attach/protocol.md,
/// "At the gateway".
struct AttachedMachineStream {
    /// Why there is none, in an administrator's words.
    struct Failure: Error {
        let reason: String
    }

    /// The key, and then the stream, have ten seconds each at the other process.
    private static let seconds = 25
    private static let lastBytes = Duration.seconds(1)

    private let pair: StreamPair
    /// The connection to the gateway's process: when it ends, the machine's end of the stream is gone.
    private let lifeline: CInt

    /// - Parameters:
    ///   - path: of the socket of the gateway's process.
    ///   - key: `<type> <base64>`, which the machine's SSH server accepts from then on.
    init(at path: String, for key: String) throws(Failure) {
        switch HandoverSocket.connect(to: path, waiting: Self.seconds) {
        case .connection(let descriptor): lifeline = descriptor
        case .again: throw Failure(reason: "\(path): no answer")
        case .failed(let failure): throw Failure(reason: failure.description)
        }
        let greeting = Array("session runner proxy \(key)\n".utf8)
        guard send(lifeline, greeting, greeting.count, CInt(MSG_NOSIGNAL)) == greeting.count else {
            throw Failure(reason: "\(path): \(String(cString: strerror(errno)))")
        }
        switch StreamPair.receive(through: lifeline) {
        case .pair(let pair): self.pair = pair
        case .again: throw Failure(reason: "\(path): no answer")
        case .refused(let code):
            throw Failure(reason: "\(path): no stream: \(String(cString: strerror(code)))")
        case .ended: throw Failure(reason: "\(path): it closed the connection")
        }
    }

    /// Carries bytes both ways until the machine's side has ended.
    func carry(from input: CInt, to output: CInt) {
        let loop = EventLoop()
        let toMachine = Splice(from: input, to: pair.output, on: loop) { [pair] _ in pair.endOutput() }
        let fromMachine = Splice(from: pair.input, to: output, on: loop) { [loop] _ in loop.stop() }
        var end: Watch?
        // Nothing more comes through it but its end. What the machine has sent before can still be on its way.
        end = loop.watch(lifeline, for: .readable) { [loop] _ in
            end?.cancel()
            loop.timer(after: Self.lastBytes) { loop.stop() }
        }
        loop.run()
        for splice in [toMachine, fromMachine] { splice.stop() }
        end?.cancel()
    }
}
