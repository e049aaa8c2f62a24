/// How a forced command ends: the remote command's own status, or one of sysexits(3) for the gateway's own failures.
public struct ExitStatus: Equatable, Sendable, CustomStringConvertible {
    public let code: CInt

    init(_ code: CInt) {
        self.code = code
    }

    /// The command is not understood.
    public static let usage = ExitStatus(64)
    /// The standard input cannot be used.
    public static let badInput = ExitStatus(65)
    /// There is no such job, or none that this person is allowed to know about.
    public static let noSuchJob = ExitStatus(66)
    /// There is no builder, or it is gone; or the build service does not offer this.
    public static let noBuilder = ExitStatus(69)
    /// It can work later.
    public static let tryAgain = ExitStatus(75)
    /// The person is not allowed to do this.
    public static let notPermitted = ExitStatus(77)
    /// An administrator has to fix something.
    public static let misconfigured = ExitStatus(78)

    static let success = ExitStatus(0)
    /// The remote command's own status is unknown, as ssh(1) reports it.
    static let unknown = ExitStatus(255)
    /// `tail`: the job ended without success. A question was answered with no.
    static let jobFailed = ExitStatus(1)

    /// As sh(1) reports a death by signal.
    static func signal(_ number: CInt) -> ExitStatus {
        ExitStatus(128 + number)
    }

    public var description: String { "\(code)" }
}
