import BuildAPI
import FoundationEssentials
import Glibc
import ServiceClient

/// Pins in files: `@host_key`, next to the job's session files.
struct PinnedHostKeys: HostKeyPins {
    /// The folder of ``SessionFiles``.
    let folder: String

    func pin(of job: JobID) -> String? {
        SessionFiles.read(path(job)).flatMap { text in
            let line = text.prefix { $0 != "\n" }
            return line.isEmpty ? nil : String(line)
        }
    }

    func compare(_ key: String, of job: JobID) -> HostKeyVerdict {
        // Write it to another file first, so that readers always see a complete pin, and one of two sessions is the
        // first.
        let draft = "\(path(job)).\(getpid())"
        guard mkdir("\(folder)/\(job)", 0o700) == 0 || errno == EEXIST else { return failure(draft) }
        // A file that a dead process has left may be the pin itself, under its other name.
        unlink(draft)
        let file = open(draft, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { return failure(draft) }
        defer { unlink(draft) }
        let line = key + "\n"
        let isWritten = write(file, line, line.utf8.count) == line.utf8.count
        guard close(file) == 0, isWritten else { return failure(draft) }
        guard link(draft, path(job)) != 0 else { return .first }
        guard errno == EEXIST else { return failure(path(job)) }
        return pin(of: job) == key ? .same : .other
    }

    private func path(_ job: JobID) -> String { "\(folder)/\(job)/@host_key" }

    private func failure(_ path: String) -> HostKeyVerdict {
        .failed("\(path): \(String(cString: strerror(errno)))")
    }
}
