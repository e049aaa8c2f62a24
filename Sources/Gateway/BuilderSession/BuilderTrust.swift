/// How a builder's host key was known, as audit records say it.
enum BuilderTrust: String, CaseIterable {
    /// The build service names it.
    case service
    /// The build service names what the builder showed first.
    case firstUse = "first-use"
    /// The gateway remembers what the builder showed first.
    case pinned
    /// The machine named it itself when it dialled.
    case attached
    /// The person's own client checks it.
    case client
}
