extension Configuration {
    /// `[people]`: where the embedded build service finds out who people are.
    public struct People: Equatable, Sendable {
        public enum Source: Equatable, Sendable {
            /// A program and its arguments.
            case program([String])
            /// What forges serve: the keys of one person at a URL with `{name}` in its path. `names` is the path of a
            /// file with the names to ask for, `authorities` one of certificate authorities (PEM); nil: the system's.
            case web(url: String, names: String, authorities: String?)
        }

        /// Nil: an operator adds people.
        public var source: Source?
        /// For how many seconds an answer of the source counts without being asked for again.
        public var fresh = 60
        /// For how many seconds the last answer counts while the source gives none.
        public var stale = 900
        /// Whether operators and people can add keys here too.
        public var permitsLocalKeys = false
        /// Where people add their keys, for the message that sends them there; nil: the administrator tells them.
        public var keysAt: String?

        public init() {}
    }
}
