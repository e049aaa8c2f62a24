/// An error as API v1 sends it: RFC 9457 problem details, `application/problem+json`.
public struct Problem: Codable, Equatable, Sendable {
    /// A URI reference that names the kind of problem; `about:blank` if the status says everything.
    public var type: String
    public var title: String
    /// The HTTP status code.
    public var status: Int
    /// One sentence for the person, without paths, addresses or tokens.
    public var detail: String?
    /// Members for one kind of problem: the place where a manifest is wrong (422).
    public var line: Int?
    public var key: String?
    /// What the person has too many of (429), if the service says so.
    public var quota: Quota?

    public init(
        type: String = "about:blank", title: String, status: Int, detail: String? = nil, line: Int? = nil,
        key: String? = nil, quota: Quota? = nil
    ) {
        self.type = type
        self.title = title
        self.status = status
        self.detail = detail
        self.line = line
        self.key = key
        self.quota = quota
    }
}
