/// A person or a group: who can own a job, and with whom it can be shared.
public enum Party: Hashable, Sendable {
    case person(Person)
    case group(Group)

    /// Unique among people and groups.
    public var id: String {
        switch self {
        case .person(let person): person.id
        case .group(let group): group.id
        }
    }

    /// For display only: `alice` or `@team`.
    public var name: String {
        switch self {
        case .person(let person): person.name
        case .group(let group): group.id
        }
    }

    /// Nil: it is a group.
    public var person: Person? { if case .person(let person) = self { person } else { nil } }

    /// The person, or for a group somebody of its name, who is nobody.
    public var representative: Person { person ?? Person(id: id, name: name) }

    /// Whether it is that person, and not a group of theirs.
    public func isSame(as person: Person) -> Bool {
        if case .person(let own) = self { own.isSame(as: person) } else { false }
    }

    /// Whether both are the same person or the same group.
    public func isSame(as other: Party) -> Bool {
        switch (self, other) {
        case (.person(let one), .person(let other)): one.isSame(as: other)
        case (.group(let one), .group(let other)): one.isSame(as: other)
        default: false
        }
    }

    /// Whether it is one of these groups.
    public func isOne(of groups: [Group]) -> Bool {
        if case .group(let own) = self { groups.contains { own.isSame(as: $0) } } else { false }
    }
}

/// A person is `{id, name}`, a group `{id, name, group}`. Readers that know no groups take a group for a person with an id
/// that is nobody's.
extension Party: Codable {
    private enum CodingKeys: String, CodingKey { case id, name, group }

    public init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        // A reader that knows no groups needs it.
        _ = try members.decode(String.self, forKey: .id)
        if let group = try members.decodeIfPresent(Group.self, forKey: .group) {
            self = .group(group)
        } else {
            self = .person(try Person(from: decoder))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        try container.encode(name, forKey: .name)
        if case .group(let group) = self { try container.encode(group, forKey: .group) }
    }
}
