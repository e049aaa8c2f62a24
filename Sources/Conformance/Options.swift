/// What an examination is done with.
public struct Options: Sendable {
    /// A job that fails in a few seconds, whose task says something.
    public static let defaultManifest = """
        image: debian
        tasks:
          - conformance: |
              echo this is the log of a task
              exit 1

        """

    /// Whose jobs and keys.
    public var owner: String
    /// Somebody else, who must not be let in.
    public var stranger = "conformance-stranger"
    public var manifest = Array(defaultManifest.utf8)
    /// A job of the owner's that has failed and whose builder is kept; nil: one is submitted.
    public var job: String?
    /// `<type> <base64>` of a key that is the owner's already; needed where keys cannot be added.
    public var key: String?
    public var token: String?
    public var gatewayToken: String?
    public var keysToken: String?
    /// The certificates that a service's own is checked against; nil: the system's.
    public var authorities: String?
    /// Seconds that the job may take to fail.
    public var patience = 300
    /// Seconds that a service may take to end what has no reason to be there any more.
    var settling = 10
    /// The longest lease in seconds whose end is waited for.
    public var longestLease = 15

    public init(owner: String) {
        self.owner = owner
    }
}
