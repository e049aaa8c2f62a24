import CLinux
import Connections
import EventLoop
import Glibc

/// Makes one socket, such as libssh wants, of a stream that is two pipes: it carries the bytes between them and the other end
/// of a socket pair.
final class StreamBridge {
    private let stream: AttachedStream
    private var near: CInt
    private var toMachine: Splice?
    private var fromMachine: Splice?

    /// - Returns: nil if there is no descriptor left; otherwise the bridge, and the socket's other end, which the caller
    ///   owns and which does not block.
    static func make(over stream: AttachedStream, on loop: EventLoop) -> (bridge: StreamBridge, end: CInt)? {
        var ends: [CInt] = [-1, -1]
        let type = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { return nil }
        return (StreamBridge(stream, near: ends[0], on: loop), ends[1])
    }

    private init(_ stream: AttachedStream, near: CInt, on loop: EventLoop) {
        self.stream = stream
        self.near = near
        toMachine = Splice(from: near, to: stream.pair.output, on: loop) { [unowned self] _ in
            inputEnded()
        }
        fromMachine = Splice(from: stream.pair.input, to: near, on: loop) { [unowned self] _ in
            fromMachine = nil
            shutdown(self.near, CInt(SHUT_WR))
        }
        stream.onLost = { [unowned self] in lost() }
    }

    deinit {
        stream.onLost = nil
        cut()
    }

    private func inputEnded() {
        toMachine?.stop()
        toMachine = nil
        stream.pair.endOutput()
    }

    private func lost() {
        inputEnded()
        // What the machine has sent before its end is still in the pipe.
        if fromMachine == nil || sp_readable(stream.pair.input) == 0 { cut() }
    }

    private func cut() {
        toMachine?.stop()
        fromMachine?.stop()
        (toMachine, fromMachine) = (nil, nil)
        if near >= 0 { close(near) }
        near = -1
    }
}
