import BuildAPI
import ConfigurationFile
import FoundationEssentials
import Glibc

/// Where it is stored who has which machine: one file, changed by one process at a time, completely or not at all.
/// The folder is opened once, and nothing in it is a link that leads elsewhere.
struct StateFolder {
    let path: String
    private let folder: Opened

    private final class Opened: Sendable {
        let descriptor: Int32

        init(_ descriptor: Int32) { self.descriptor = descriptor }

        deinit { close(descriptor) }
    }

    /// A lock that ends with this value, or with the process.
    final class Lock: Sendable {
        private let descriptor: Int32

        fileprivate init(_ descriptor: Int32) { self.descriptor = descriptor }

        deinit {
            // A program that is just being started may have the descriptor, too.
            flock(descriptor, LOCK_UN)
            close(descriptor)
        }
    }

    /// Makes the folder, if its parent exists.
    init(_ path: String) throws(HostsFailure) {
        self.path = path
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw .folder(path, errno) }
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw .folder(path, errno) }
        folder = Opened(descriptor)
    }

    func read() throws(HostsFailure) -> HostsState {
        let file = "state.json"
        guard faccessat(folder.descriptor, file, F_OK, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT else {
            return HostsState()
        }
        do {
            return try JSON.decode(
                HostsState.self,
                from: Data(try SmallFile.read(file, in: folder.descriptor, for: .nobody).utf8))
        } catch {
            throw HostsFailure("\(path)/\(file) cannot be read: \(error)")
        }
    }

    /// Reads, changes and stores the state, while nobody else can.
    func update<Result>(
        _ change: (inout HostsState) throws(HostsFailure) -> Result
    ) throws(HostsFailure) -> Result {
        let lock = try lock("lock", waits: true)
        return try withExtendedLifetime(lock) { () throws(HostsFailure) in
            var state = try read()
            let before = state
            let result = try change(&state)
            if state != before { try write(state) }
            return result
        }
    }

    /// Marks a machine as being worked on; nil: another process works on it.
    func lock(host: String) throws(HostsFailure) -> Lock? { try lockIfFree("\(host).lock") }

    /// Whether nobody has this lock.
    func isFree(_ name: String) throws(HostsFailure) -> Bool { try lockIfFree(name) != nil }

    private func lockIfFree(_ name: String) throws(HostsFailure) -> Lock? {
        do throws(HostsFailure) {
            return try lock(name, waits: false)
        } catch {
            if error.code == EWOULDBLOCK { return nil }
            throw error
        }
    }

    /// What is in a file after so many bytes, or so many before its end if that is negative: a megabyte at most. Nothing if
    /// it cannot be read.
    func bytes(of name: String, after offset: Int = 0) -> [UInt8] {
        let descriptor = openat(folder.descriptor, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        let start = offset < 0 ? max(0, Int(lseek(descriptor, 0, SEEK_END)) + offset) : offset
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count < 1 << 20 {
            let count = pread(descriptor, &buffer, buffer.count, off_t(start + bytes.count))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return bytes
    }

    /// Replaces a file of the folder.
    func write(_ text: String, to name: String) throws(HostsFailure) {
        do throws(SmallFile.NotReplaced) {
            // Whoever writes has a lock.
            try SmallFile.replace(name, in: folder.descriptor, with: text)
        } catch {
            throw .folder("\(path)/\(error.path)", error.code)
        }
    }

    private func write(_ state: HostsState) throws(HostsFailure) {
        guard let text = try? JSON.encode(state) else { throw HostsFailure("the state cannot be encoded") }
        try write(String(decoding: text, as: UTF8.self), to: "state.json")
    }

    private func lock(_ name: String, waits: Bool) throws(HostsFailure) -> Lock {
        let descriptor = openat(
            folder.descriptor, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600 as mode_t)
        guard descriptor >= 0 else { throw .folder("\(path)/\(name)", errno) }
        while flock(descriptor, LOCK_EX | (waits ? 0 : LOCK_NB)) != 0 {
            let code = errno
            guard code == EINTR else {
                close(descriptor)
                throw .folder("\(path)/\(name)", code)
            }
        }
        return Lock(descriptor)
    }
}
