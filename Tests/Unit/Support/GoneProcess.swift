import Foundation
public import Glibc

/// Waits until a process is gone, or only not collected by its new parent; throws if it still runs after ten seconds.
public func waitUntilGone(_ process: pid_t) async throws {
    struct StillRuns: Error {
        let state: String
    }

    let end = ContinuousClock.now + .seconds(10)
    while let state = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
        !state.contains(") Z ")
    {
        guard ContinuousClock.now < end else { throw StillRuns(state: state) }
        try await Task.sleep(for: .milliseconds(5))
    }
}
