import Connections
import Foundation
import TestSupport
import Testing

@testable import BuilderSocket

/// What ssh's bytes do on their way to a machine that has dialled.
@Suite struct AttachedMachineStreamTests {
    private static let key = "ssh-ed25519 AAAA"

    /// A gateway's process that answers one visitor.
    ///
    /// - Returns: what the visitor has said.
    private func gateway(
        at path: String, _ answer: @escaping @Sendable (_ visitor: CInt) -> Void
    ) throws -> Worker<String> {
        let listener = try Sockets.listen(at: path)
        return Worker {
            defer { close(listener) }
            let visitor = accept(listener, nil, nil)
            defer { close(visitor) }
            var bytes = [UInt8](repeating: 0, count: 4096)
            let count = read(visitor, &bytes, bytes.count)
            answer(visitor)
            return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
        }
    }

    @Test func bytesGoBothWays() throws {
        let folder = try Scratch()
        let path = "\(folder.path)/s"
        let server = try gateway(at: path) { visitor in
            let (toMachine, fromMachine) = (PipeEnd.blockingPair(), PipeEnd.blockingPair())
            guard StreamPair.send(fromMachine.read, toMachine.write, through: visitor) else { return }
            close(fromMachine.read)
            close(toMachine.write)
            // What the machine gets, it sends back in capitals, to the end.
            var bytes = [UInt8](repeating: 0, count: 4096)
            while case let count = read(toMachine.read, &bytes, bytes.count), count > 0 {
                let answer = Array(String(decoding: bytes.prefix(count), as: UTF8.self).uppercased().utf8)
                _ = write(fromMachine.write, answer, answer.count)
            }
            close(fromMachine.write)
            close(toMachine.read)
        }
        let (input, output) = (PipeEnd.blockingPair(), PipeEnd.blockingPair())
        let client = Worker { () -> Bool in
            guard let stream = try? AttachedMachineStream(at: path, for: Self.key) else { return false }
            stream.carry(from: input.read, to: output.write)
            close(output.write)
            return true
        }
        let words = Array("ssh to the machine\n".utf8)
        #expect(write(input.write, words, words.count) == words.count)
        close(input.write)
        var answer: [UInt8] = []
        var bytes = [UInt8](repeating: 0, count: 4096)
        while case let count = read(output.read, &bytes, bytes.count), count > 0 {
            answer += bytes.prefix(count)
        }
        #expect(String(decoding: answer, as: UTF8.self) == "SSH TO THE MACHINE\n")
        #expect(client.result() && server.result() == "session runner proxy ssh-ed25519 AAAA\n")
        for descriptor in [input.read, output.read] { close(descriptor) }
    }

    @Test func whyThereIsNoStream() throws {
        let folder = try Scratch()
        let path = "\(folder.path)/s"
        let refusing = try gateway(at: path) { StreamPair.refuse(errno: ETIMEDOUT, through: $0) }
        let refused = #expect(throws: AttachedMachineStream.Failure.self) {
            _ = try AttachedMachineStream(at: path, for: Self.key)
        }
        #expect(refused?.reason.hasSuffix("no stream: Connection timed out") == true)
        _ = refusing.result()
        unlink(path)
        let closing = try gateway(at: path) { _ in }
        let closed = #expect(throws: AttachedMachineStream.Failure.self) {
            _ = try AttachedMachineStream(at: path, for: Self.key)
        }
        #expect(closed?.reason.hasSuffix("it closed the connection") == true)
        _ = closing.result()
        let gone = #expect(throws: AttachedMachineStream.Failure.self) {
            _ = try AttachedMachineStream(at: path + "/nothing", for: Self.key)
        }
        #expect(gone?.reason.hasPrefix(path) == true)
    }

    @Test func wordsOfTheCommand() {
        let command = SocketCommand.reachAttached(path: "/run/a", key: Self.key)
        #expect(SocketCommand(words: command.words) == command)
        #expect(SocketCommand(words: Array(command.words.dropLast())) == nil)
    }
}
