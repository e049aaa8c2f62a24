import Glibc
import SystemPackage
import TestBed

/// Many copies of a command at the same time, which share one pipe for input and one for output.
///
/// A line no longer than PIPE_BUF is never split: pipe(7). So one reader sees when each copy has written
/// what, without a hundred descriptors.
final class LoadGenerator: Sendable {
    private let children: [Child]
    private let input: FileDescriptor
    private let lines: LineReader

    /// Starts them, ten at a time; returns when each of them has written the line `greeting`.
    init(of count: Int, _ arguments: [String], greeting: String, errors: FileDescriptor) throws {
        let (theirInput, ourInput) = try FileDescriptor.pipe(options: .closeOnExec)
        let (ourOutput, theirOutput) = try FileDescriptor.pipe(options: .closeOnExec)
        defer {
            try? theirInput.close()
            try? theirOutput.close()
        }
        input = ourInput
        lines = LineReader(ourOutput)
        var children: [Child] = []
        do {
            while children.count < count {
                let some = min(10, count - children.count)
                for _ in 0..<some {
                    children.append(
                        try Child(
                            arguments,
                            Child.Streams(input: theirInput, output: theirOutput, errors: errors)))
                }
                _ = try lines.arrivals(of: greeting, count: some, within: 30)
            }
        } catch {
            for child in children { child.end() }
            throw error
        }
        self.children = children
    }

    /// The times when each of them has written this line.
    func arrivals(of line: String) throws -> [ContinuousClock.Instant] {
        try lines.arrivals(of: line, count: children.count, within: 10)
    }

    /// Closes their input, and waits until they end.
    func end() {
        try? input.close()
        for child in children { _ = child.wait() }
    }
}
