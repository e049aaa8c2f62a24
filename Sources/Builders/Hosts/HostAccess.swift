/// What is done on a machine. Tests have their own.
protocol HostAccess: Sendable {
    /// Lets these keys in, `<type> <base64>` each, and no others of earlier jobs.
    func admit(_ keys: [String], to host: SSHHost) async throws(HostsFailure)
    /// Lets in nobody whom ``admit(_:to:)`` or the runner has let in, and ends all processes of the account.
    func withdraw(from host: SSHHost) async throws(HostsFailure)
    /// Runs the machine's `clean`.
    func clean(_ host: SSHHost, _ command: String) async throws(HostsFailure)
    /// Runs the machine's `reset`.
    func reset(_ host: SSHHost, _ words: [String]) async throws(HostsFailure)
}
