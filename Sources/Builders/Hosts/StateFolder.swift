import BuildAPI
import ConfigurationFile
import FoundationEssentials
import Glibc

/// Where it is stored who has which machine: one file, changed by one process at a time, completely or not at all.
struct StateFolder {
    let path: String

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
    }

    func read() throws(HostsFailure) -> HostsState {
        let file = "\(path)/state.json"
        guard access(file, F_OK) == 0 || errno != ENOENT else { return HostsState() }
        do {
            return try JSON.decode(
                HostsState.self, from: Data(try SmallFile.read(file, for: .nobody).utf8))
        } catch {
            throw HostsFailure("\(file) cannot be read: \(error)")
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
    func lock(host: String) throws(HostsFailure) -> Lock? {
        do throws(HostsFailure) {
            return try lock("\(host).lock", waits: false)
        } catch {
            if error.code == EWOULDBLOCK { return nil }
            throw error
        }
    }

    /// Replaces a file of the folder.
    func write(_ text: String, to name: String) throws(HostsFailure) {
        do throws(SmallFile.NotReplaced) {
            // Whoever writes has a lock.
            try SmallFile.replace("\(path)/\(name)", with: text)
        } catch {
            throw .folder(error.path, error.code)
        }
    }

    private func write(_ state: HostsState) throws(HostsFailure) {
        guard let text = try? JSON.encode(state) else { throw HostsFailure("the state cannot be encoded") }
        try write(String(decoding: text, as: UTF8.self), to: "state.json")
    }

    private func lock(_ name: String, waits: Bool) throws(HostsFailure) -> Lock {
        let descriptor = open("\(path)/\(name)", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
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

/// Why something did not work, in words for an administrator and the job's log.
struct HostsFailure: Error, Equatable {
    var reason: String
    /// errno(3), if it was a file.
    var code: Int32?

    init(_ reason: String) { self.reason = reason }

    static func folder(_ path: String, _ code: Int32) -> HostsFailure {
        var failure = HostsFailure("\(path): \(String(cString: strerror(code)))")
        failure.code = code
        return failure
    }
}
