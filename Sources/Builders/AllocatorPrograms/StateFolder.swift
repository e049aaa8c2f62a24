import BuildAPI
import ConfigurationFile
import FoundationEssentials
import Glibc

/// What an allocator program stores.
package protocol StoredState: Codable, Equatable, Sendable {
    /// Nothing is stored so far.
    init()
}

/// Where it is stored who has what: one file, changed by one process at a time, completely or not at all.
/// The folder is opened once, and nothing in it is a link that leads elsewhere.
package struct StateFolder<State: StoredState>: Sendable {
    package let path: String
    private let folder: StateFolderDescriptor

    /// Makes the folder, if its parent exists.
    package init(_ path: String) throws(AllocatorFailure) {
        self.path = path
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw .folder(path, errno) }
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw .folder(path, errno) }
        folder = StateFolderDescriptor(takingOwnershipOf: descriptor)
    }

    package func read() throws(AllocatorFailure) -> State {
        let file = "state.json"
        guard faccessat(folder.number, file, F_OK, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT else {
            return State()
        }
        do {
            return try JSON.decode(
                State.self, from: Data(try SmallFile.read(file, in: folder.number, for: .nobody).utf8))
        } catch {
            throw AllocatorFailure("\(path)/\(file) cannot be read: \(error)")
        }
    }

    /// Reads, changes and stores the state, while nobody else can.
    package func update<Result>(
        _ change: (inout State) throws(AllocatorFailure) -> Result
    ) throws(AllocatorFailure) -> Result {
        let lock = try lock(file: "lock", waits: true)
        return try withExtendedLifetime(lock) { () throws(AllocatorFailure) in
            var state = try read()
            let before = state
            let result = try change(&state)
            if state != before { try write(state) }
            return result
        }
    }

    /// Marks what has this name as being worked on; nil: another process works on it.
    package func lock(_ name: String) throws(AllocatorFailure) -> FolderLock? {
        try lock(file: "\(name).lock", waits: false)
    }

    /// Whether nobody has the lock of this file.
    package func isFree(_ file: String) throws(AllocatorFailure) -> Bool {
        try lock(file: file, waits: false) != nil
    }

    private func lock(file: String, waits: Bool) throws(AllocatorFailure) -> FolderLock? {
        do throws(FolderLock.FileFault) {
            return try FolderLock(file, in: folder, waits: waits)
        } catch {
            throw .folder("\(path)/\(file)", error.code)
        }
    }

    /// What is in a file after so many bytes, or so many before its end if that is negative: a megabyte at most. Nothing if
    /// it cannot be read.
    package func bytes(of name: String, after offset: Int = 0) -> [UInt8] {
        let descriptor = openat(folder.number, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
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

    /// Whether there is a file of that name.
    package func has(_ name: String) -> Bool {
        faccessat(folder.number, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0
    }

    /// Replaces a file of the folder.
    package func write(_ text: String, to name: String) throws(AllocatorFailure) {
        do throws(SmallFile.NotReplaced) {
            // Whoever writes has a lock.
            try SmallFile.replace(name, in: folder.number, with: text)
        } catch {
            throw .folder("\(path)/\(error.path)", error.code)
        }
    }

    /// Removes a file of the folder, if it is there.
    package func remove(_ name: String) { _ = unlinkat(folder.number, name, 0) }

    private func write(_ state: State) throws(AllocatorFailure) {
        guard let text = try? JSON.encode(state) else {
            throw AllocatorFailure("the state cannot be encoded")
        }
        try write(String(decoding: text, as: UTF8.self), to: "state.json")
    }
}
