/// A group of people. Its name identifies it; what the build service says of a person tells in which groups they are.
public struct Group: Hashable, Sendable {
    public var name: String

    public init(name: String) {
        self.name = name
    }

    /// As people write and read it: `team` and `@team` are the same group.
    public init(written word: String) {
        name = word.hasPrefix("@") ? String(word.dropFirst()) : word
    }

    /// `@team`: as people read it, and as its id where a person's could be. No id of a person contains an `@`.
    public var id: String { "@\(name)" }

    /// Whether they are the same, by the bytes of their names.
    public func isSame(as other: Group) -> Bool { name.utf8.elementsEqual(other.name.utf8) }
}

/// API v1 writes a group as its name.
extension Group: Codable {
    public init(from decoder: any Decoder) throws {
        name = try decoder.singleValueContainer().decode(String.self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(name)
    }
}
