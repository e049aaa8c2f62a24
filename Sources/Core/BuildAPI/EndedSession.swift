extension Problem {
    /// The `type` of the refusal of a claim or a heartbeat (410) whose session an operator has ended. The session does not
    /// get another claim.
    public static let endedSessionType = "urn:sallyport:session-ended"
}
