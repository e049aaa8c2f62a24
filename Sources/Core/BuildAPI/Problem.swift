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
    /// Everything that is wrong with a manifest (422), if the service lists it; `detail` then says all of it too.
    public var faults: [Fault]?
    /// What the person has too many of (429), if the service says so.
    public var quota: Quota?

    /// One thing that is wrong with a manifest.
    public struct Fault: Codable, Equatable, Sendable {
        public var line: Int?
        public var column: Int?
        public var key: String?
        /// One or two sentences with the place, and with what to do.
        public var detail: String

        public init(line: Int? = nil, column: Int? = nil, key: String? = nil, detail: String) {
            self.line = line
            self.column = column
            self.key = key
            self.detail = detail
        }
    }

    public init(
        type: String = "about:blank", title: String, status: Int, detail: String? = nil, line: Int? = nil,
        key: String? = nil, faults: [Fault]? = nil, quota: Quota? = nil
    ) {
        self.type = type
        self.title = title
        self.status = status
        self.detail = detail
        self.line = line
        self.key = key
        self.faults = faults
        self.quota = quota
    }
}
