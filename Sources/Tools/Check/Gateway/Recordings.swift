import BuildAPI
import ConfigurationFile

/// Whether sessions that have to be recorded are, where settings contradict that.
enum Recordings {
    static let check = "gateway.recordings"

    /// - Parameter pools: of the runner, if the gateway's build service is that; nil: another one.
    static func results(_ recording: Configuration.Recording, pools: Set<String>?) -> [CheckResult] {
        guard recording.scope != .none else { return [] }
        var results: [CheckResult] = []
        if recording.permitsBypass {
            results.append(
                .warn(
                    check,
                    "sessions are recorded, but people's own ssh and sessions without a terminal are let in without (record_bypass)",
                    remedy: "Write `record_bypass = false` in [gateway]."))
        }
        if case .pools(let named) = recording.scope, let pools, !named.isSubset(of: pools) {
            let unknown = named.subtracting(pools).sorted().joined(separator: ", ")
            results.append(
                .warn(
                    check, "record names pools that the runner does not have: \(unknown)",
                    remedy: "Correct `record` in [gateway]."))
        }
        return results
    }
}
