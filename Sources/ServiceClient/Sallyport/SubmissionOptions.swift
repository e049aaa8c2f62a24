public import BuildAPI

/// What is said of a new job apart from its manifest.
public struct SubmissionOptions: Equatable, Sendable {
    /// The name or id of the person who submits it.
    public var submitter: String
    /// Whose it will be, if the submitter is in it; nil: the submitter's own.
    public var group: Group?
    /// The fingerprint of the key with which the submitter has logged in, for a service that checks this too; nil, for
    /// operators.
    public var session: String?
    public var note: String?
    public var visibility = Job.Visibility.unlisted
    /// Instead of what the manifest says.
    public var keep: KeepRule?
    /// The same. A service without pools ignores it.
    public var pool: String?
    /// The same.
    public var arch: Architecture?

    public init(
        submitter: String, group: Group? = nil, session: String? = nil, note: String? = nil,
        visibility: Job.Visibility = .unlisted, keep: KeepRule? = nil,
        pool: String? = nil, arch: Architecture? = nil
    ) {
        self.submitter = submitter
        self.group = group
        self.session = session
        self.note = note
        self.visibility = visibility
        self.keep = keep
        self.pool = pool
        self.arch = arch
    }
}
