/// What one check of this host has found.
public struct CheckResult: Codable, Equatable, Sendable {
    public enum State: String, Codable, Sendable, CaseIterable {
        case ok
        /// Logins work, but something is not as it should be.
        case warn
        /// Something does not work, or is open that should be closed.
        case fail
    }

    /// Which check it is, as `sshd.forcecommand`: the same in each version, for programs that read this.
    public var check: String
    public var state: State
    /// What is so and, unless that is all right, what follows from it. It can quote files: hostile text.
    public var finding: String
    /// What mends it: a command, or a sentence. Nil if nothing has to be mended.
    public var remedy: String?

    static func ok(_ check: String, _ finding: String) -> CheckResult {
        CheckResult(check: check, state: .ok, finding: finding)
    }

    static func warn(_ check: String, _ finding: String, remedy: String) -> CheckResult {
        CheckResult(check: check, state: .warn, finding: finding, remedy: remedy)
    }

    static func fail(_ check: String, _ finding: String, remedy: String) -> CheckResult {
        CheckResult(check: check, state: .fail, finding: finding, remedy: remedy)
    }
}

/// What all checks have found, in the order in which they were made.
public struct CheckReport: Codable, Equatable, Sendable {
    public var results: [CheckResult]

    /// The worst of them.
    public var state: CheckResult.State {
        if results.contains(where: { $0.state == .fail }) { return .fail }
        return results.contains { $0.state == .warn } ? .warn : .ok
    }
}
