/// Somebody the build service knows. People are compared by `id`; `name` is for reading only.
public struct Person: Codable, Hashable, Sendable {
    public var id: String
    public var name: String

    public init(id: String, name: String) {
        self.id = id
        self.name = name
    }
}
