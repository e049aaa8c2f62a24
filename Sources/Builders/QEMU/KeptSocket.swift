import BuilderSocket
import Foundation
import NIOCore
import NIOPosix
import Provider
import SystemPackage
import TaskChannel

/// A machine's socket, for which a ``SocketKeeper`` works in the background; both outlive this process.
///
/// The keeper holds a fifo open: whoever reads it learns when the keeper has died.
struct KeptSocket: Sendable {
    private let socket: BuilderSocket
    private let folder: MachineFolder

    init(_ socket: BuilderSocket, of folder: MachineFolder) {
        self.socket = socket
        self.folder = folder
    }

    /// Makes the socket, and starts its keeper. Throws `ended` if the machine is gone.
    func keep() async throws(BuilderError) {
        guard let process = EmulatorProcess(folder: folder).identify(),
            let start = ProcessStatus(of: process).flatMap({ UInt64($0.start) })
        else { throw BuilderError(.ended, detail: "there is no machine for \(socket.path)") }
        let target = SocketKeeper.Target(
            process: process, start: start, port: UInt16(EmulatorCommand.port), users: socket.users)
        try check(socket.makeFolder())
        let listener = try InheritedSocket.listen(at: FilePath(socket.path), backlog: BuilderSocket.backlog)
        // The keeper has inherited it.
        defer { try? listener.close() }
        try check(socket.restrict())
        folder.remove([folder.keeperLife])
        try check(mkfifo(folder.keeperLife.string, 0o600) == 0 ? 0 : errno)
        let outcome = try await ShortCommand(
            program: "sh",
            arguments: [
                "-c", #"exec 3<&0 4<>"$1"; shift; setsid "$@" <&3 3<&- >/dev/null 2>&1 &"#, "sh",
                folder.keeperLife.string, SocketCommand.program,
            ] + SocketCommand.keep(target).words, input: .descriptor(listener)
        ).run()
        guard outcome.status == 0 else {
            throw BuilderError(.startFailed, detail: "\(socket.path): \(outcome.errors)")
        }
    }

    /// Starts a keeper whenever there is none, until the machine is gone or the calling task cancelled.
    func keepAgain(while isAlive: () -> Bool) async {
        while true {
            await waitUntilKeeperIsGone()
            guard isAlive(), !Task.isCancelled else { return }
            if (try? await keep()) == nil { try? await Task.sleep(for: .seconds(1)) }
        }
    }

    /// Returns at once if there is none.
    private func waitUntilKeeperIsGone() async {
        guard
            let life = try? FileDescriptor.open(
                folder.keeperLife, .readOnly, options: [.nonBlocking, .closeOnExec])
        else { return }
        // If it has died before we opened the fifo, poll(2) says nothing of that; read(2) does.
        var byte: UInt8 = 0
        guard read(life.rawValue, &byte, 1) < 0,
            let channel = try? await NIOPipeBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .takingOwnershipOfDescriptor(input: life.rawValue).get()
        else {
            try? life.close()
            return
        }
        let (stream, continuation) = AsyncStream.makeStream(of: Never.self)
        channel.closeFuture.whenComplete { _ in continuation.finish() }
        for await _ in stream {}
        try? await channel.close()
    }

    private func check(_ code: CInt) throws(BuilderError) {
        guard code != 0 else { return }
        let isFull = [ENOSPC, EDQUOT].contains(code)
        throw BuilderError(
            isFull ? .noSpace : .folderUnusable, detail: "\(socket.path): \(String(cString: strerror(code)))")
    }
}
