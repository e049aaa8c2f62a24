import Glibc
import Synchronization
import TestBed

/// The demo's output: a line for each step, what a person would type, and the result.
final class Transcript: Sendable {
    private struct State {
        var step: String?
        var began = ContinuousClock.now
        var number = 0
    }

    private let state = Mutex(State())

    /// Begins a step; the previous one has succeeded.
    func begin(_ step: String) {
        end()
        let number = state.withLock { state in
            state.step = step
            state.began = .now
            state.number += 1
            return state.number
        }
        say("\(number). \(step)")
    }

    /// The step has succeeded.
    func end() {
        let began = state.withLock { state -> ContinuousClock.Instant? in
            defer { state.step = nil }
            return state.step == nil ? nil : state.began
        }
        guard let began else { return }
        say("   (\(Self.seconds(began.duration(to: .now))) s)\n")
    }

    /// The step in progress has failed, and with it the demo.
    func fail(_ reason: String, log: String = "") {
        let step = state.withLock { $0.step } ?? "the demo"
        say("\nThe demo failed at this step: \(step)\n\(reason)")
        if !log.isEmpty { say("The end of the log:\n\(log)") }
    }

    /// What a person would type.
    func type(_ line: String) { say("   $ \(line)") }

    /// A remark.
    func remark(_ text: String) { say("   \(text)") }

    /// The output of a command, when it arrives.
    func show(_ bytes: [UInt8]) {
        write(String(decoding: bytes, as: UTF8.self).replacing("\r\n", with: "\n"))
    }

    /// A line.
    func say(_ line: String) { write(line + "\n") }

    /// Writes at once, because a person is waiting; a reader that is gone is no reason to stop.
    private func write(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(1, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    private static func seconds(_ duration: Duration) -> String {
        let tenths = Int((duration / .milliseconds(100)).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
