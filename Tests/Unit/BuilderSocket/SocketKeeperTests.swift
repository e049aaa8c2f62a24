import CLinux
import Connections
import EventLoop
import Foundation
import Testing

@testable import BuilderSocket

/// A keeper with a stand-in for the machine, a process, and a TCP listener as its SSH server.
@Suite(.serialized) struct SocketKeeperTests {
    /// The machine; its end ends the keeper.
    private final class Machine {
        let process = Process()
        let start: UInt64

        init() throws {
            process.executableURL = URL(filePath: "/bin/sleep")
            process.arguments = ["600"]
            try process.run()
            let status = try String(
                contentsOfFile: "/proc/\(process.processIdentifier)/stat", encoding: .utf8)
            start = try #require(UInt64(status.split(separator: " ")[21]))
        }

        func end() {
            guard process.isRunning else { return }
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
    }

    /// Runs a keeper, which is the runner's program, until `body` has returned and the machine has ended.
    private func withKeeper(
        port: UInt16, users: Set<UInt32> = [geteuid()], _ body: (_ path: String) throws -> Void
    ) throws {
        let folder = try Scratch()
        let machine = try Machine()
        defer { machine.end() }
        let socket = BuilderSocket(path: "\(folder.path)/s/42")
        #expect(socket.makeFolder() == 0 && socket.makeFolder() == 0)
        let listener = FileHandle(fileDescriptor: try Sockets.listen(at: socket.path), closeOnDealloc: true)
        #expect(socket.restrict() == 0)
        let target = SocketKeeper.Target(
            process: machine.process.processIdentifier, start: machine.start, port: port, users: users)
        let keeper = Process()
        keeper.executableURL = URL(
            filePath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        ).deletingLastPathComponent().appending(path: "sallyport-runner")
        keeper.arguments = SocketCommand.keep(target).words
        keeper.standardInput = listener
        try keeper.run()
        try listener.close()
        defer { kill(keeper.processIdentifier, SIGKILL) }
        try body(socket.path)
        machine.end()
        keeper.waitUntilExit()
        #expect(
            keeper.terminationReason == .exit && keeper.terminationStatus == 0, "it ends with the machine")
        // A program that another test is just starting may have the listener for a moment longer.
        let deadline = ContinuousClock.now + .seconds(20)
        var said = ""
        repeat {
            let failure = #expect(throws: HandoverSocket.Failure.self) {
                try HandoverSocket.open(socket.path)
            }
            said = failure?.description ?? ""
        } while !said.hasSuffix("(no program listens on it)") && .now < deadline
        #expect(said.hasSuffix("(no program listens on it)"), "\(said)")
    }

    @Test func eachClientGetsAConnectionOfItsOwn() throws {
        let server = try EchoServer()
        try withKeeper(port: server.port) { path in
            for word in ["first", "second"] {
                let connection = try HandoverSocket.open(path)
                defer { close(connection) }
                #expect(try Sockets.exchange(word, on: connection) == word)
                #expect(sp_fcntl(connection, F_GETFD, 0) & FD_CLOEXEC != 0)
            }
        }
    }

    /// More than it serves at once.
    @Test func twoHundredAtOnceAreServed() throws {
        let server = try EchoServer()
        try withKeeper(port: server.port) { path in
            let clients = (0..<200).map { number in
                Worker { () -> Bool in
                    guard let connection = try? HandoverSocket.open(path, waiting: 60) else { return false }
                    defer { close(connection) }
                    return (try? Sockets.exchange("\(number)", on: connection)) == "\(number)"
                }
            }
            #expect(clients.filter { $0.result() }.count == 200)
        }
    }

    /// Whoever sends something, receives nothing, or goes at once, holds up nobody.
    @Test func rudeClientsDisturbNobody() throws {
        let server = try EchoServer()
        try withKeeper(port: server.port) { path in
            var rude: [CInt] = []
            defer { for descriptor in rude { close(descriptor) } }
            for number in 0..<60 {
                guard case .connection(let descriptor) = HandoverSocket.connect(to: path, waiting: 60) else {
                    Issue.record("there is no room for client \(number)")
                    continue
                }
                let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * number) }
                if number % 3 == 0 { _ = send(descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL)) }
                if number % 3 == 1 { _ = sp_send_descriptor(descriptor, 7, STDIN_FILENO) }
                if number % 2 == 0 { rude.append(descriptor) } else { close(descriptor) }
            }
            let connection = try HandoverSocket.open(path, waiting: 60)
            defer { close(connection) }
            #expect(try Sockets.exchange("here", on: connection) == "here")
        }
    }

    @Test func whereNobodyListensTheReasonIsSaid() throws {
        let port = try Sockets.unusedPort()
        try withKeeper(port: port) { path in
            let failure = #expect(throws: HandoverSocket.Failure.self) { try HandoverSocket.open(path) }
            #expect(failure?.kind == .unreachable)
            #expect(failure?.description == "\(path): connect: Connection refused")
        }
    }

    @Test func whoMayNotAskIsRefused() throws {
        let server = try EchoServer()
        try withKeeper(port: server.port, users: [geteuid() + 1]) { path in
            let failure = #expect(throws: HandoverSocket.Failure.self) { try HandoverSocket.open(path) }
            #expect(failure?.description == "\(path): connect: Permission denied")
        }
        #expect(server.connections == 0)
    }

    /// A process number can be another process's by now.
    @Test func aMachineThatIsGoneHasNoKeeper() throws {
        let machine = try Machine()
        let folder = try Scratch()
        let listener = try Sockets.listen(at: "\(folder.path)/s")
        let file = sp_open_to_read("/dev/null")
        defer { for descriptor in [listener, file] { close(descriptor) } }
        func isKept(_ process: pid_t, _ start: UInt64, on descriptor: CInt? = nil) -> Bool {
            let target = SocketKeeper.Target(process: process, start: start, port: 1, users: [])
            return SocketKeeper(target, on: descriptor ?? listener, loop: EventLoop()) != nil
        }
        let process = machine.process.processIdentifier
        #expect(isKept(process, machine.start))
        #expect(!isKept(process, machine.start + 1))
        #expect(!isKept(process, machine.start, on: file), "that is no socket")
        machine.end()
        #expect(!isKept(process, machine.start))
    }

    @Test func aTargetIsReadFromItsWords() {
        let target = SocketKeeper.Target(process: 42, start: 4711, port: 2222, users: [0, 998, 1000])
        #expect(target.words == ["42", "4711", "2222", "0", "998", "1000"])
        #expect(SocketCommand(words: SocketCommand.keep(target).words) == .keep(target))
        let reaching = SocketCommand.reach(path: "/run/a b")
        #expect(SocketCommand(words: reaching.words) == reaching)
        for words in [
            [], ["serve"], ["keep-builder-socket"], ["keep-builder-socket", "1", "2", "3"], ["reach-builder"],
            ["keep-builder-socket", "1", "2", "65536", "0"], ["keep-builder-socket", "1", "2", "3", "x"],
            ["reach-builder", "/a", "/b"],
        ] {
            #expect(SocketCommand(words: words) == nil, "\(words)")
        }
    }
}
