import Glibc

/// Reads a log from any offset; the file need not be there yet.
struct LogReader: ~Copyable {
    private let path: String
    private var descriptor: CInt?

    init(path: String) {
        self.path = path
    }

    deinit {
        if let descriptor { _ = close(descriptor) }
    }

    /// - Returns: at most `count` bytes from `offset` on; none at the end.
    mutating func read(_ count: Int, at offset: Int) -> [UInt8] {
        if descriptor == nil {
            let opened = open(path, O_RDONLY | O_CLOEXEC)
            guard opened >= 0 else { return [] }
            descriptor = opened
        }
        guard let descriptor else { return [] }
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            var result: Int
            repeat {
                result = pread(descriptor, buffer.baseAddress, count, off_t(offset))
            } while result < 0 && errno == EINTR
            initialized = max(0, result)
        }
    }
}
