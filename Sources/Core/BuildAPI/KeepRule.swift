/// When a builder is kept after its tasks, whatever people do.
public enum KeepRule: String, Codable, Sendable, CaseIterable {
    case never
    case failure
    case always
}
