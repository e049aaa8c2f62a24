/// How a forced command ends: the remote command's own status, or one of sysexits(3) for the gateway's own failures.
public struct ExitStatus: Equatable, Sendable, CustomStringConvertible {
    public let code: CInt

    init(_ code: CInt) {
        self.code = code
    }

    /// The words make no request.
    public static let usage = ExitStatus(64)
    /// What came on standard input cannot be used.
    public static let badInput = ExitStatus(65)
    /// There is no such job, or none that this person may know of.
    public static let noSuchJob = ExitStatus(66)
    /// There is no builder, or it is gone; or the build service has no such thing.
    public static let noBuilder = ExitStatus(69)
    /// It may work later.
    public static let tryAgain = ExitStatus(75)
    /// The person may not do this.
    public static let notPermitted = ExitStatus(77)
    /// An administrator has to mend something.
    public static let misconfigured = ExitStatus(78)

    static let success = ExitStatus(0)
    /// `tail`: the job ended without success. A question was answered with no.
    static let jobFailed = ExitStatus(1)

    /// As sh(1) reports a death by signal.
    static func signal(_ number: CInt) -> ExitStatus {
        ExitStatus(128 + number)
    }

    public var description: String { "\(code)" }
}
