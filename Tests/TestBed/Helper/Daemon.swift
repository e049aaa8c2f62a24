import Glibc
import Subprocess
import Synchronization
import SystemPackage

/// A program that runs as long as the test bed, and writes a log.
final class Daemon: Sendable {
    private struct State {
        var process: pid_t?
        var ended: String?
        var life: Task<Void, Never>?
    }

    let name: String
    let log: String
    private let state = Mutex(State())

    /// Starts the program; appends both its outputs to the file `log`.
    init(_ name: String, _ arguments: [String], log: String) throws {
        self.name = name
        self.log = log
        let file = try FileDescriptor.open(
            FilePath(log), .writeOnly, options: [.create, .append, .closeOnExec],
            permissions: [.ownerReadWrite, .groupRead, .otherRead])
        let life = Task {
            let ended: String
            do {
                let result = try await Subprocess.run(
                    .path(FilePath(arguments[0])), arguments: Arguments(Array(arguments.dropFirst())),
                    workingDirectory: "/", input: .none,
                    output: .fileDescriptor(file, closeAfterSpawningProcess: false),
                    error: .fileDescriptor(file, closeAfterSpawningProcess: false)
                ) { execution in
                    let process = execution.processIdentifier.value
                    self.state.withLock { $0.process = process }
                }
                ended = "\(result.terminationStatus)"
            } catch {
                ended = "\(error)"
            }
            self.state.withLock {
                $0.process = nil
                $0.ended = ended
            }
            try? file.close()
        }
        state.withLock { $0.life = life }
    }

    /// Waits until `address` answers; throws if the program ends before, or takes too long.
    func wait(for address: SocketAddress, seconds: Int = 60) async throws {
        let start = ContinuousClock.now
        while true {
            // Check the program first: another one may have the address and answer.
            if let ended = state.withLock({ $0.ended }) {
                throw TestBedError("\(name) ended instead of starting: \(ended)", log: Files.tail(log))
            }
            if address.answers { return }
            guard start.duration(to: .now) < .seconds(seconds) else {
                throw TestBedError("\(name) was not ready after \(seconds) seconds", log: Files.tail(log))
            }
            // There is no other way to find out that another program's socket has begun to listen.
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Asks it to end, and waits; kills it after `patience`.
    func end(patience: Duration) async {
        signal(SIGTERM)
        let killer = Task {
            if (try? await Task.sleep(for: patience)) != nil { signal(SIGKILL) }
        }
        await state.withLock { $0.life }?.value
        killer.cancel()
    }

    private func signal(_ number: Int32) {
        state.withLock { if let process = $0.process { _ = kill(process, number) } }
    }
}
