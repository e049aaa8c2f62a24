import Foundation
import SystemPackage

/// The QEMU process of a machine, for the cases that its monitor cannot answer.
struct EmulatorProcess {
    let folder: MachineFolder

    /// The number in the pidfile, if the process with that number is this machine.
    func identify() -> pid_t? {
        let lines = (try? String(contentsOfFile: folder.processFile.string, encoding: .utf8))?
            .split(separator: "\n")
        guard let lines, let number = lines.first, let process = pid_t(number), process > 1 else {
            return nil
        }
        let start = lines.dropFirst().first.map(String.init)
        return isMachine(process, startedAt: start) ? process : nil
    }

    /// Ends a start that may still be going on in the background: the process that would become QEMU ends, now or by
    /// itself, before it does.
    ///
    /// The file is removed before it is read; the process writes its number into it before it sees whether there still is
    /// a file. So one of both learns of the other.
    func abandon() {
        guard let file = try? FileDescriptor.open(folder.processFile, .readOnly, options: .noFollow) else {
            return
        }
        defer { try? file.close() }
        unlink(folder.processFile.string)
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = (try? bytes.withUnsafeMutableBytes { try file.read(into: $0) }) ?? 0
        let lines = String(decoding: bytes.prefix(count), as: UTF8.self).split(separator: "\n")
        guard lines.count == 2, let process = pid_t(lines[0]), process > 1,
            isMachine(process, startedAt: String(lines[1]))
        else { return }
        kill(process, SIGKILL)
    }

    func isMachine(_ process: pid_t) -> Bool { identify() == process }

    /// A process can change its arguments, but not the time of its start. Version 1.0 identified it by its arguments, which
    /// name the machine's own pidfile.
    private func isMachine(_ process: pid_t, startedAt start: String?) -> Bool {
        guard let start else {
            let arguments = try? Data(contentsOf: URL(filePath: "/proc/\(process)/cmdline"))
            return arguments?.split(separator: 0).contains(Data(folder.processFile.string.utf8)) == true
        }
        return ProcessStatus(of: process).map { $0.start == start && !$0.isZombie } ?? false
    }

    /// Returns when the process is gone and its log complete; kills it if it is not gone after `gracePeriod`.
    ///
    /// - Returns: whether it has ended by itself.
    @discardableResult
    func waitUntilGone(_ process: pid_t, gracePeriod: Duration) async -> Bool {
        let clock = ContinuousClock()
        let limit = clock.now + gracePeriod
        var isKilled = false
        while isMachine(process) {
            if clock.now > limit {
                isKilled = true
                // It was identified a moment ago, and process numbers are not reused that quickly.
                kill(process, SIGKILL)
            }
            await Self.pause()
        }
        await folder.console.waitUntilComplete()
        return !isKilled
    }

    /// A cancelled task must not spin here, so this sleep ignores cancellation.
    static func pause() async {
        await Task.detached { try? await Task.sleep(for: .milliseconds(10)) }.value
    }
}
