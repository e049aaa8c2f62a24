import Glibc
import Synchronization
import TestBed

/// Prints figures as soon as they are known, and remembers whether one is missing.
final class Report: Sendable {
    private let failures = Mutex(0)
    private let complaints = Mutex<[String]>([])
    private let only: [String]
    private let kept: KeptRun?

    /// - Parameters:
    ///   - only: the benchmarks to run; empty: all.
    ///   - kept: an earlier run; nil: there is none to compare with.
    init(only: [String], comparingWith kept: KeptRun? = nil) {
        self.only = only
        self.kept = kept
    }

    var hasFailures: Bool { failures.withLock { $0 > 0 } }

    func say(_ line: String) { Self.write(line, to: STDOUT_FILENO) }

    func add(_ figure: Figure) {
        say(figure.line)
        if let complaint = kept?.complaint(about: figure) { complaints.withLock { $0.append(complaint) } }
    }

    /// Says what is worse than in the earlier run, if there is one.
    func compare() {
        guard kept != nil else { return }
        let worse = complaints.withLock(\.self)
        (worse.isEmpty ? ["Nothing is worse than in the kept run by more than a tenth."] : worse).forEach(say)
    }

    /// Records that something could not be measured, and why.
    func fail(_ name: String, _ reason: String) {
        failures.withLock { $0 += 1 }
        Self.write("sallyport-bench: \(name) could not be measured: \(reason)", to: STDERR_FILENO)
    }

    /// Runs a benchmark; the next ones run even if it fails.
    func attempt(_ name: String, _ benchmark: () async throws -> Void) async {
        guard only.isEmpty || only.contains(name) else { return }
        do {
            try await benchmark()
        } catch {
            fail(name, "\(error)")
        }
    }

    /// Ends the program. The test bed notices, and also ends.
    func giveUp(_ reason: String) -> Never {
        fail("the rest", reason)
        exit(EXIT_FAILURE)
    }

    /// Writes at once, because someone may be waiting.
    private static func write(_ line: String, to descriptor: CInt) {
        let bytes = Array("\(line)\n".utf8)
        _ = Glibc.write(descriptor, bytes, bytes.count)
    }
}
