/// What a client is allowed to ask of a build service.
public enum Role: String, CaseIterable, Sendable {
    /// Look a key up.
    case keys
    /// What a gateway does for people.
    case gateway
    /// All.
    case `operator`
}
