/// A session that an operator has ended. It gets no other claim.
struct EndedSession: Equatable, Sendable {
    /// The id of the claim that it had.
    var claim: String
    /// The gateway's name for it.
    var session: String

    static var refusal: RunnerError {
        RunnerError(.sessionEnded, "An administrator has ended this session.")
    }
}
