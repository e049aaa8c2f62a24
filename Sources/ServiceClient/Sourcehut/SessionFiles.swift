import BuildAPI
import CLinux
import FoundationEssentials
import Glibc
import ServiceClient

/// Records who is inside which builder, for a service that does not: a folder for each job, and in it a file for each
/// session, locked (flock(2)) while the session's process lives.
///
/// A file without a lock belongs to a killed session; it counts as gone, and is removed. Next to them are files
/// that outlive a session, with names that no session has: `@claimed` has the deadline, `@ended` says that
/// the builder has been ended.
public final class SessionFiles {
    /// The folder of all jobs, which belongs to this account.
    let folder: String
    /// The files of this process's sessions.
    private var held: [String: CInt] = [:]

    public init(folder: String) {
        self.folder = folder
    }

    deinit {
        for descriptor in held.values { unlockAndClose(descriptor) }
    }

    /// The right to end a job's builder. While it exists, nobody can enter.
    final class Ending {
        fileprivate let descriptor: CInt

        fileprivate init(descriptor: CInt) {
            self.descriptor = descriptor
        }

        deinit {
            unlockAndClose(descriptor)
        }
    }

    /// Counts a session as inside. Entering twice is not an error.
    ///
    /// - Returns: false if the job's builder is just being ended; ask again.
    func enter(_ job: JobID, _ session: String) throws(ServiceError) -> Bool {
        let path = "\(folder)/\(job)/\(session)"
        guard held[path] == nil else { return true }
        guard session.utf8.allSatisfy(Self.isAllowedInSession), !session.isEmpty else {
            throw ServiceError(.gatewayFault, detail: "invalid session id: \(session)")
        }
        // Another process can remove the folder between the calls, if it is the last trace of an old job.
        for _ in 0..<3 {
            let lock = try openFolder(of: job, creating: true)
            defer { unlockAndClose(lock) }
            guard flock(lock, LOCK_SH | LOCK_NB) == 0 else { return false }
            let file = openat(lock, session, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0o600)
            if file < 0, errno == ENOENT { continue }
            guard file >= 0, flock(file, LOCK_EX | LOCK_NB) == 0 else { throw failure(path) }
            held[path] = file
            return true
        }
        throw ServiceError(.gatewayFault, detail: "\(path): the folder keeps disappearing")
    }

    /// The session is no longer inside.
    func leave(_ job: JobID, _ session: String) {
        let path = "\(folder)/\(job)/\(session)"
        guard let file = held.removeValue(forKey: path) else { return }
        unlink(path)
        unlockAndClose(file)
    }

    /// The right to end the job's builder; nil while someone is inside, enters, or also ends it.
    func ending(_ job: JobID) throws(ServiceError) -> Ending? {
        let lock = try openFolder(of: job, creating: false)
        guard flock(lock, LOCK_EX | LOCK_NB) == 0, !isAnyoneLiving(in: "\(folder)/\(job)") else {
            unlockAndClose(lock)
            return nil
        }
        return Ending(descriptor: lock)
    }

    /// Records that the service keeps the builder until its deadline.
    func markClaimed(_ job: JobID, until deadline: Date) throws(ServiceError) {
        try write("\(Int(deadline.timeIntervalSince1970))\n", to: "\(folder)/\(job)/@claimed")
    }

    func isClaimed(_ job: JobID) -> Bool { access("\(folder)/\(job)/@claimed", F_OK) == 0 }

    /// Records that the builder has been ended: anything that listens on its port from now on belongs to another job.
    func markEnded(_ job: JobID, _ ending: Ending) throws(ServiceError) {
        try write("", to: "\(folder)/\(job)/@ended")
    }

    func isEnded(_ job: JobID) -> Bool { access("\(folder)/\(job)/@ended", F_OK) == 0 }

    /// Removes the files of jobs whose deadline has passed, because the service's answers suffice from then on, and
    /// of jobs that nobody has ever claimed.
    func removeOld(at now: Date) {
        for name in Self.names(in: folder) ?? [] where JobID(name) != nil {
            let path = "\(folder)/\(name)"
            let lock = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
            guard lock >= 0 else { continue }
            if isOld(path, lock, now), flock(lock, LOCK_EX | LOCK_NB) == 0, !isAnyoneLiving(in: path) {
                for file in Self.names(in: path) ?? [] { unlink("\(path)/\(file)") }
                rmdir(path)
            }
            unlockAndClose(lock)
        }
    }

    private func isOld(_ path: String, _ descriptor: CInt, _ now: Date) -> Bool {
        if let deadline = Self.read("\(path)/@claimed").flatMap({ Int64($0.prefix(while: \.isNumber)) }) {
            return Date(timeIntervalSince1970: Double(deadline)).addingTimeInterval(3600) < now
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return false }
        return Date(timeIntervalSince1970: Double(status.st_mtim.tv_sec)).addingTimeInterval(3600) < now
    }

    /// Whether a session's process lives, as far as can be told. Removes the files of the others. The folder must be
    /// locked.
    private func isAnyoneLiving(in path: String) -> Bool {
        guard let names = Self.names(in: path) else { return true }
        return names.count(where: { isLiving($0, in: path) }) > 0
    }

    private func isLiving(_ name: String, in path: String) -> Bool {
        guard !name.hasPrefix("@") else { return false }
        let file = open("\(path)/\(name)", O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard file >= 0 else { return errno != ENOENT }
        defer { unlockAndClose(file) }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else { return true }
        unlink("\(path)/\(name)")
        return false
    }

    /// The caller closes it.
    private func openFolder(of job: JobID, creating: Bool) throws(ServiceError) -> CInt {
        let path = "\(folder)/\(job)"
        if creating, mkdir(path, 0o700) != 0, errno != EEXIST { throw failure(path) }
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw failure(path) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_uid == geteuid(), status.st_mode & 0o022 == 0 else {
            close(descriptor)
            throw ServiceError(.gatewayFault, detail: "\(path) must belong to the account")
        }
        return descriptor
    }

    private func write(_ text: String, to path: String) throws(ServiceError) {
        let file = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw failure(path) }
        defer { close(file) }
        guard text.isEmpty || Glibc.write(file, text, text.utf8.count) == text.utf8.count else {
            throw failure(path)
        }
    }

    private func failure(_ path: String) -> ServiceError {
        ServiceError(.gatewayFault, detail: "\(path): \(String(cString: strerror(errno)))")
    }

    /// The beginning of a small file; nil if it cannot be read.
    static func read(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 32 << 10)
        let count = Glibc.read(file, &buffer, buffer.count)
        return count < 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
    }

    /// The entries of a folder, without `.` and `..`; nil if it cannot be read.
    static func names(in folder: String) -> [String]? {
        guard let stream = opendir(folder) else { return nil }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else { break }
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return errno == 0 ? names : nil
    }

    private static func isAllowedInSession(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

/// Releases a lock, even if a child that has just been forked still has the descriptor, until it
/// executes its program.
private func unlockAndClose(_ descriptor: CInt) {
    flock(descriptor, LOCK_UN)
    close(descriptor)
}
