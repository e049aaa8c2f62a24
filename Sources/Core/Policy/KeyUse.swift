/// What someone has come to do with their key.
public enum KeyUse: Equatable, Sendable {
    /// Anything that its owner can do.
    case everything
    /// Attach a machine. A key can be limited to that.
    case attaching
}
