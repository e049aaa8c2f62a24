import Glibc

/// Caches recent answers of the build service about keys: sshd asks twice for each login, and a service can be away
/// for a moment.
///
/// One small file for each key, in a folder that belongs to the AuthorizedKeysCommandUser. Without the folder
/// nothing is cached.
package struct KeyCache {
    struct Answer: Equatable {
        let isKnown: Bool
        /// Nanoseconds of CLOCK_BOOTTIME.
        let time: UInt64

        /// Whether the answer is fresh.
        func isFresh(at now: UInt64) -> Bool { now >= time && now - time < 5_000_000_000 }

        /// Whether it can be used while the service is away.
        func isUsable(at now: UInt64) -> Bool { isKnown && now >= time && now - time < 60_000_000_000 }
    }

    /// With more files than this, useless ones are removed, and no new ones are made: strangers can offer any
    /// number of keys.
    private static let limit = 1000

    let folder: String

    static var now: UInt64 { nanoseconds(of: CLOCK_BOOTTIME) }

    /// - Parameter fingerprint: `SHA256:` and base64.
    func answer(for fingerprint: String) -> Answer? {
        let descriptor = open(path(fingerprint), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_uid == geteuid() else { return nil }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = read(descriptor, &bytes, bytes.count)
        guard count > 0 else { return nil }
        let words = String(decoding: bytes[..<count], as: UTF8.self).split(separator: " ")
        guard words.count == 2, let time = UInt64(words[1]) else { return nil }
        switch words[0] {
        case "known": return Answer(isKnown: true, time: time)
        case "unknown": return Answer(isKnown: false, time: time)
        default: return nil
        }
    }

    /// A missing or full folder is not an error: the next lookup asks again.
    func remember(_ isKnown: Bool, for fingerprint: String, at now: UInt64) {
        guard hasRoom(at: now) else { return }
        let temporary = "\(folder)/.\(getpid())"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { return }
        let bytes = Array("\(isKnown ? "known" : "unknown") \(now)".utf8)
        let isWritten = write(descriptor, bytes, bytes.count) == bytes.count
        close(descriptor)
        // Write it completely or not at all: another login can read it at any time.
        if !isWritten || rename(temporary, path(fingerprint)) != 0 { unlink(temporary) }
    }

    private func hasRoom(at now: UInt64) -> Bool {
        let names = files()
        guard names.count >= Self.limit else { return true }
        var count = names.count
        for name in names where !(answer(file: name)?.isUsable(at: now) ?? false) {
            if unlink("\(folder)/\(name)") == 0 { count -= 1 }
        }
        return count < Self.limit
    }

    private func answer(file name: String) -> Answer? {
        answer(for: name.replacing("_", with: "/"))
    }

    private func files() -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasPrefix("SHA256:") { names.append(name) }
        }
        return names
    }

    /// A file name cannot contain a slash; base64 never contains an underscore.
    package static func path(of fingerprint: String, in folder: String) -> String {
        "\(folder)/\(fingerprint.replacing("/", with: "_"))"
    }

    private func path(_ fingerprint: String) -> String { Self.path(of: fingerprint, in: folder) }
}

/// The time of a clock: clock_gettime(2).
func nanoseconds(of clock: clockid_t) -> UInt64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
