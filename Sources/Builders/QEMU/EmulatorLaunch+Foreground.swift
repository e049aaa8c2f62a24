import Foundation
import HelperPrograms
import Provider
import Synchronization
import SystemPackage
import TaskChannel

extension EmulatorLaunch {
    /// A machine in the foreground ends long before.
    private static let forEver = Duration.seconds(1 << 31)

    /// Starts QEMU as a child of a shell that is a child of ours; each is killed when its parent ends.
    ///
    /// Returns the process when QEMU's program is about to be executed.
    func startInForeground(_ arguments: [String]) async throws(MachineError) -> pid_t {
        let socket = try InheritedSocket.listen(at: folder.monitorSocket)
        // By then, QEMU has inherited it, or there is none.
        defer { try? socket.close() }
        let words = HelperProgram.endingWithUs(
            ["sh"] + confinement.foregroundArguments(running: program, arguments))
        let command = ShortCommand(
            program: words[0], arguments: Array(words.dropFirst()), input: .descriptor(socket),
            limit: Self.forEver)
        let end = Mutex<Result<ShortCommand.Outcome, MachineError>?>(nil)
        let running = Task {
            let result: Result<ShortCommand.Outcome, MachineError>
            do throws(MachineError) {
                result = .success(try await command.run())
            } catch {
                result = .failure(error)
            }
            end.withLock { $0 = result }
        }
        let emulator = EmulatorProcess(folder: folder)
        while true {
            if let process = emulator.identify() { return process }
            if let result = end.withLock({ $0 }) { throw await failure(try result.get()) }
            guard (try? await Task.sleep(for: .milliseconds(10))) != nil else {
                running.cancel()
                await running.value
                throw MachineError(.cancelled)
            }
        }
    }

    private func failure(_ outcome: ShortCommand.Outcome) async -> MachineError {
        // sh(1): the command was not found.
        guard outcome.status != 127 else {
            return MachineError(.programMissing, detail: program)
        }
        return await failure(outcome.errors)
    }
}
