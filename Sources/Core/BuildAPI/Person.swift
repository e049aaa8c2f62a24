/// A person whom the build service knows. Compare people by `id`; `name` is for display only.
public struct Person: Codable, Hashable, Sendable {
    public var id: String
    public var name: String

    public init(id: String, name: String) {
        self.id = id
        self.name = name
    }

    /// Without a name, people see the id.
    public init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        id = try members.decode(String.self, forKey: .id)
        name = try members.decodeIfPresent(String.self, forKey: .name) ?? id
    }
}

extension Person {
    /// Whether they are the same, by the bytes of their ids, as the service compares people: equal text can have
    /// different bytes. Someone with the same name is another person.
    public func isSame(as other: Person) -> Bool { Person.isSame(id, other.id) }

    /// The same for ids alone.
    public static func isSame(_ id: String, _ other: String) -> Bool { id.utf8.elementsEqual(other.utf8) }
}
