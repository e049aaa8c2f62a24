/// The options of an examination.
public struct Options: Sendable {
    /// A job that prints something and fails in a few seconds.
    public static let defaultManifest = """
        image: debian
        tasks:
          - conformance: |
              echo this is the log of a task
              exit 1

        """

    /// The person to submit jobs and add keys for.
    public var owner: String
    /// Another person, who must not get in.
    public var stranger = "conformance-stranger"
    public var manifest = Array(defaultManifest.utf8)
    /// A failed job of the owner, whose builder is kept; nil: submit one.
    public var job: String?
    /// `<type> <base64>` of a key that the owner already has; needed if keys cannot be added.
    public var key: String?
    /// Only what this level needs is tested.
    public var level = Level.full
    public var token: String?
    public var gatewayToken: String?
    public var keysToken: String?
    /// The certificate authorities to trust; nil: the system's.
    public var authorities: String?
    /// How many seconds to wait for the job to fail.
    public var patience = 300
    /// How many seconds a service can take to end something that is no longer needed.
    var settling = 10
    /// Wait for a lease to run out only if it is no longer than this many seconds.
    public var longestLease = 15

    public init(owner: String) {
        self.owner = owner
    }
}
