import Glibc

/// Processes that are known by a variable of their environment: what a helper program has started and left, in whatever
/// session.
package enum MarkedProcesses {
    /// Kills those of this user, and waits until they are gone.
    ///
    /// - Parameter variable: `NAME=value`, all of it.
    /// - Returns: false: there are some that do not go.
    @discardableResult
    package static func end(with variable: String) async -> Bool {
        let mark = Array(variable.utf8)
        var doubts = 0
        for _ in 0..<100 {
            let (marked, areAllKnown) = Self.processes(with: mark)
            if marked.isEmpty {
                // A process that never had an environment does not hold this up for long.
                guard !areAllKnown, doubts < 5 else { return true }
                doubts += 1
            }
            for process in marked { kill(process, SIGKILL) }
            try? await Task.sleep(for: .milliseconds(20))
        }
        return false
    }

    /// Of this user: of others' processes the environment cannot be read.
    ///
    /// - Returns: those with the mark; and whether that is known of all of them, or some are in the middle of an execve(2).
    private static func processes(with mark: [UInt8]) -> (marked: [pid_t], areAllKnown: Bool) {
        guard let folder = opendir("/proc") else { return ([], true) }
        defer { closedir(folder) }
        var found: [pid_t] = []
        var areAllKnown = true
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard let process = pid_t(name), process != getpid(),
                let environment = contents(of: "/proc/\(process)/environ")
            else { continue }
            if environment.split(separator: 0).contains(mark[...]) {
                found.append(process)
            } else if environment.isEmpty, hasProgram(process) {
                areAllKnown = false
            }
        }
        return (found, areAllKnown)
    }

    /// Whether it is neither one of the kernel's nor a dead one (proc(5), stat: state, and PF_KTHREAD of flags).
    private static func hasProgram(_ process: pid_t) -> Bool {
        guard let stat = contents(of: "/proc/\(process)/stat"),
            let end = stat.lastIndex(of: UInt8(ascii: ")"))
        else {
            return false
        }
        let fields = stat[end...].split(separator: UInt8(ascii: " ")).map {
            String(decoding: $0, as: UTF8.self)
        }
        guard fields.count > 7, let flags = UInt32(fields[7]) else { return false }
        return !["Z", "X"].contains(fields[1]) && flags & 0x20_0000 == 0
    }

    /// Nil: it cannot be opened.
    private static func contents(of path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 14)
        while bytes.count < 1 << 20 {
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return bytes
    }
}
