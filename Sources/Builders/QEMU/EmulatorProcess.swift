import Foundation
import SystemPackage

/// The QEMU process of a machine, for the cases that its monitor cannot answer.
struct EmulatorProcess {
    let folder: MachineFolder

    /// The number in the pidfile, if the process with that number is this machine: its arguments name the
    /// machine's own pidfile.
    func identify() -> pid_t? {
        guard let text = try? String(contentsOfFile: folder.processFile.string, encoding: .utf8),
            let process = pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)), process > 1
        else { return nil }
        return isMachine(process) ? process : nil
    }

    func isMachine(_ process: pid_t) -> Bool {
        guard let arguments = try? Data(contentsOf: URL(filePath: "/proc/\(process)/cmdline")) else {
            return false
        }
        return arguments.split(separator: 0).contains(Data(folder.processFile.string.utf8))
    }

    /// Returns when the process is gone; kills it if it is not gone after `gracePeriod`.
    func waitUntilGone(_ process: pid_t, gracePeriod: Duration) async {
        let clock = ContinuousClock()
        let limit = clock.now + gracePeriod
        while isMachine(process) {
            if clock.now > limit {
                // It was identified a moment ago, and process numbers are not reused that quickly.
                kill(process, SIGKILL)
            }
            await pause()
        }
    }

    /// A cancelled task must not spin here, so this sleep ignores cancellation.
    private func pause() async {
        await Task.detached { try? await Task.sleep(for: .milliseconds(10)) }.value
    }
}
