/// What a builder is told about the people inside: whose keys it accepts, and what it shows them.
public struct BuilderPeople: Equatable, Sendable {
    /// The key of a person who connects with their own client.
    public struct Key: Hashable, Sendable {
        /// `<type> <base64>`
        public var line: String
        /// Whether the job is theirs.
        public var isOwner: Bool

        public init(line: String, isOwner: Bool) {
            self.line = line
            self.isOwner = isOwner
        }
    }

    /// In addition to those that the builder was made with.
    public var keys: [Key]
    /// What the builder says about itself, line by line: see `sallyport` in its image.
    public var message: [String]

    public init(keys: [Key], message: [String] = []) {
        self.keys = keys
        self.message = message
    }

    /// The lines of an authorized_keys file. Comments hold the message; the environment tells the shell whom it greets.
    /// Whether a security key has to be touched is decided at the gateway, which nobody passes by.
    ///
    /// - Parameter left: seconds until the deadline.
    public func lines(left: Int?) -> [String] {
        (left.map { ["#left \($0)"] } ?? []) + message.map { "#\($0)" }
            + keys.map { key in
                let touch = key.line.hasPrefix("sk-") ? "no-touch-required," : ""
                return
                    #"\#(touch)environment="SALLYPORT_ENTRY=\#(key.isOwner ? "owner" : "guest")" \#(key.line)"#
            }
    }
}
