/// Who else can see a job.
public enum Visibility: String, Codable, Sendable, CaseIterable {
    /// Everyone with a key can follow it.
    case `public`
    /// Others can know that it exists.
    case unlisted
    /// Nobody else can know that it exists.
    case `private`
}
