/// A person whom the build service knows, as an operator sees them.
public struct Account: Codable, Equatable, Sendable {
    public var id: String
    public var name: String
    /// Whether they can enter other people's jobs.
    public var administrator: Bool
    /// A suspended person has no rights.
    public var suspended: Bool
    /// In which they are; nil or empty: in none.
    public var groups: [Group]?
    /// Whether it is a program, which only attaches machines, for those in the group of the same name; nil: it
    /// is not.
    public var robot: Bool?

    public var person: Person { Person(id: id, name: name) }

    public init(
        id: String, name: String, administrator: Bool = false, suspended: Bool = false,
        groups: [Group]? = nil, robot: Bool? = nil
    ) {
        self.id = id
        self.name = name
        self.administrator = administrator
        self.suspended = suspended
        self.groups = groups
        self.robot = robot
    }
}

extension Problem {
    /// The `type` of a refusal (403) because the person is suspended.
    public static let suspendedType = "urn:sallyport:suspended"
    /// The `type` of a refusal (503) because the service cannot find out now who people are.
    public static let peopleUnknownType = "urn:sallyport:people-unknown"
}

/// The answer to `GET /v1/people`.
public struct AccountList: Codable, Equatable, Sendable {
    public var people: [Account]
    public var next: String?

    public init(people: [Account], next: String? = nil) {
        self.people = people
        self.next = next
    }
}
