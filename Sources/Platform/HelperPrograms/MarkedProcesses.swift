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
        for _ in 0..<100 {
            let processes = Self.processes(with: mark)
            guard !processes.isEmpty else { return true }
            for process in processes { kill(process, SIGKILL) }
            try? await Task.sleep(for: .milliseconds(20))
        }
        return false
    }

    /// Of this user: of others' processes the environment cannot be read.
    private static func processes(with mark: [UInt8]) -> [pid_t] {
        guard let folder = opendir("/proc") else { return [] }
        defer { closedir(folder) }
        var found: [pid_t] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard let process = pid_t(name), process != getpid(), environment(of: process).contains(mark[...])
            else { continue }
            found.append(process)
        }
        return found
    }

    private static func environment(of process: pid_t) -> [ArraySlice<UInt8>] {
        let descriptor = open("/proc/\(process)/environ", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 14)
        while bytes.count < 1 << 20 {
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return bytes.split(separator: 0)
    }
}
