import AllocatorPrograms

/// What is done on a machine. Tests have their own.
protocol HostAccess: Sendable {
    /// Lets these keys in, `<type> <base64>` each, and no others of earlier jobs.
    func admit(_ keys: [String], to host: SSHHost) async throws(AllocatorFailure)
    /// Lets in nobody whom ``admit(_:to:)``, the runner or a gateway has let in, and ends all processes of the account.
    func withdraw(from host: SSHHost) async throws(AllocatorFailure)
    /// Runs the machine's `clean`.
    func clean(_ host: SSHHost, _ command: String) async throws(AllocatorFailure)
    /// Begins the machine's `reset`, which goes on when this process ends. What an earlier one has left running is ended
    /// first; throws if an earlier one still runs.
    func beginReset(of host: SSHHost, _ words: [String], id: String) async throws(AllocatorFailure)
    /// How far the reset with this id is.
    func reset(of name: String, id: String) async throws(AllocatorFailure) -> ResetProgress
    /// What it has said, after so many bytes.
    func output(ofReset name: String, after offset: Int) -> [UInt8]
}

/// How far a reset is.
enum ResetProgress: Equatable {
    case running
    case succeeded
    case failed(String)
    /// It was ended before it could say how it has ended: the host was restarted, for example.
    case interrupted
}
