/// Somebody the build service knows. People are compared by `id`; `name` is for reading only.
public struct Person: Codable, Hashable, Sendable {
    public var id: String
    public var name: String

    public init(id: String, name: String) {
        self.id = id
        self.name = name
    }
}

extension Person {
    /// Whether they are the same, by the bytes of their ids, as the service tells people apart: text may be equal and
    /// have other bytes. A namesake is somebody else.
    public func isSame(as other: Person) -> Bool { Person.isSame(id, other.id) }

    /// The same, of ids alone.
    public static func isSame(_ id: String, _ other: String) -> Bool { id.utf8.elementsEqual(other.utf8) }
}
