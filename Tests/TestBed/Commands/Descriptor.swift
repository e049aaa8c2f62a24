import CLinux
import Dispatch
import Glibc
import SystemPackage

/// Reads descriptors other than regular files, without blocking a thread.
enum Descriptor {
    /// Everything from `descriptor` until its end, in pieces.
    ///
    /// The descriptor becomes non-blocking. The caller keeps it, and must not close it before the end.
    static func pieces(of descriptor: FileDescriptor) -> AsyncStream<[UInt8]> {
        let raw = descriptor.rawValue
        _ = sp_fcntl(raw, F_SETFL, sp_fcntl(raw, F_GETFL, 0) | O_NONBLOCK)
        return AsyncStream { continuation in
            nonisolated(unsafe) let source = DispatchSource.makeReadSource(
                fileDescriptor: raw, queue: .global())
            source.setEventHandler {
                // Read everything now: after a hang-up libdispatch stops calling, even if there is more to read.
                var buffer = [UInt8](repeating: 0, count: 1 << 16)
                while true {
                    let count = read(raw, &buffer, buffer.count)
                    if count > 0 {
                        continuation.yield(Array(buffer[..<count]))
                    } else if count < 0, errno == EINTR {
                        continue
                    } else {
                        // A terminal whose other side is closed reports EIO, which means end of file.
                        if count == 0 || errno != EAGAIN { source.cancel() }
                        return
                    }
                }
            }
            source.setCancelHandler { continuation.finish() }
            continuation.onTermination = { _ in source.cancel() }
            source.activate()
        }
    }

    /// The lines of `descriptor`, without their ends.
    static func lines(of descriptor: FileDescriptor) -> AsyncStream<[UInt8]> {
        let pieces = pieces(of: descriptor)
        return AsyncStream { continuation in
            let splitter = Task {
                var rest: [UInt8] = []
                for await piece in pieces {
                    rest += piece
                    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                        continuation.yield(Array(rest[..<end]))
                        rest.removeSubrange(...end)
                    }
                }
                continuation.finish()
            }
            continuation.onTermination = { _ in splitter.cancel() }
        }
    }
}
