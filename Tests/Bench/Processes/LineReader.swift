import Glibc
import SystemPackage
import TestBed

/// Waits for lines from a pipe, and records when they arrived.
final class LineReader: @unchecked Sendable {
    private let pipe: FileDescriptor
    private var rest: [UInt8] = []

    /// Takes ownership of the pipe.
    init(_ pipe: FileDescriptor) { self.pipe = pipe }

    deinit { try? pipe.close() }

    /// Skips other lines until this one has arrived `count` times; throws if that takes more than that many seconds.
    func arrivals(of line: String, count: Int, within seconds: Int) throws -> [ContinuousClock.Instant] {
        let expected = Array(line.utf8)
        let deadline = ContinuousClock.now + .seconds(seconds)
        var arrivals: [ContinuousClock.Instant] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while arrivals.count < count {
            var waiting = pollfd(fd: pipe.rawValue, events: Int16(POLLIN), revents: 0)
            let left = ContinuousClock.now.duration(to: deadline)
            guard poll(&waiting, 1, Int32(max(0, left / .milliseconds(1)))) > 0 else {
                throw TestBedError("‘\(line)’ came \(arrivals.count) times instead of \(count)")
            }
            let size = try buffer.withUnsafeMutableBytes { try pipe.read(into: $0) }
            guard size > 0 else {
                throw TestBedError("the output ended before ‘\(line)’ had come \(count) times")
            }
            let now = ContinuousClock.now
            rest += buffer[..<size]
            let pieces = rest.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            for piece in pieces.dropLast() where piece.elementsEqual(expected) { arrivals.append(now) }
            rest = Array(pieces.last ?? [])
        }
        return arrivals
    }
}
