import Foundation
import NIOCore
import Provider
import SystemPackage
import TaskChannel

/// Starts QEMU: in the background, where it outlives this process, or in the foreground.
struct EmulatorLaunch: Sendable {
    let folder: MachineFolder
    /// QEMU's.
    let program: String
    let confinement: Confinement
    let network: OutboundNetwork?
    /// Whether it is killed when this process ends.
    var endsWithUs = false

    /// Returns the process when QEMU's program is executed, which can still fail.
    func start(_ arguments: [String]) async throws(MachineError) -> pid_t {
        if endsWithUs { return try await startInForeground(arguments) }
        let socket = try InheritedSocket.listen(at: folder.monitorSocket)
        // QEMU has inherited it. Nobody answers when QEMU has ended.
        defer { try? socket.close() }
        let command = ShortCommand(
            program: "sh",
            arguments: confinement.arguments(running: program, arguments, network: network),
            input: .descriptor(socket))
        // Without the task, a cancellation in this moment would leave a QEMU behind that nobody knows.
        let result = await Task { () async -> Result<ShortCommand.Outcome, MachineError> in
            do throws(MachineError) {
                return .success(try await command.run())
            } catch {
                return .failure(error)
            }
        }.value
        let outcome: ShortCommand.Outcome
        do throws(MachineError) {
            outcome = try result.get()
        } catch {
            EmulatorProcess(folder: folder).abandon()
            throw error
        }
        // sh(1): the command was not found.
        guard outcome.status != 127 else {
            throw MachineError(.programMissing, detail: program)
        }
        let emulator = EmulatorProcess(folder: folder)
        guard outcome.status == 0, let process = emulator.identify() else {
            // Only the first of the programs that start QEMU has been ended when the time is over.
            emulator.abandon()
            throw await failure(outcome.errors)
        }
        return process
    }

    /// Waits until QEMU's monitor answers, which it does when the machine runs. Throws if QEMU ends before, with its own
    /// messages, or does not answer in time.
    func monitor(of process: pid_t, limit: Duration = .seconds(30)) async throws(MachineError)
        -> MonitorConnection
    {
        let deadline = ContinuousClock.now + limit
        let emulator = EmulatorProcess(folder: folder)
        while ContinuousClock.now < deadline {
            if let monitor = try? await MonitorConnection.connect(
                to: folder.monitorSocket, limit: .seconds(20))
            {
                return monitor
            }
            guard emulator.isMachine(process) else {
                throw await failure()
            }
            guard (try? await Task.sleep(for: .milliseconds(10))) != nil else {
                throw MachineError(.cancelled)
            }
        }
        throw MachineError(.startFailed, detail: "no answer from QEMU's monitor")
    }

    /// - Parameter messages: of the programs that have started QEMU. Its own are in its log.
    func failure(_ messages: String = "") async -> MachineError {
        await folder.console.waitUntilComplete()
        return Machine.failure(messages + folder.console.tail)
    }
}
