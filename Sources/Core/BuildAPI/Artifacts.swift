public import FoundationEssentials

/// The answer to `GET /v1/jobs/{id}/artifacts`: what a job's tasks have left behind.
public struct ArtifactList: Codable, Equatable, Sendable {
    public var artifacts: [Artifact]
    /// When they were taken from the builder.
    public var taken: Date?
    /// Why nobody gets their content, in a sentence for people; nil: it can be read. Hostile text.
    public var withheld: String?

    public init(artifacts: [Artifact], taken: Date? = nil, withheld: String? = nil) {
        self.artifacts = artifacts
        self.taken = taken
        self.withheld = withheld
    }
}

/// One file that a job's tasks have left behind (API v1: *artifact*).
public struct Artifact: Codable, Equatable, Sendable {
    /// Its path, relative to the folder in which the tasks have run: ``ArtifactName``. Hostile text.
    public var name: String
    /// Bytes.
    public var size: Int
    /// In hexadecimal digits; nil: the service does not say.
    public var sha256: String?

    public init(name: String, size: Int, sha256: String? = nil) {
        self.name = name
        self.size = size
        self.sha256 = sha256
    }
}

/// The names of artifacts: relative paths that no program takes for anything else.
public enum ArtifactName {
    /// Bytes: percent-encoded, it is still a path that services accept.
    public static let maximumLength = 255

    /// Whether it is a relative path without empty parts, `.`, `..`, backslashes and control characters.
    public static func isValid(_ name: some StringProtocol) -> Bool {
        guard (1...maximumLength).contains(name.utf8.count) else { return false }
        guard name.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f && $0 != UInt8(ascii: "\\") }) else {
            return false
        }
        return name.split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
            !$0.isEmpty && $0 != "." && $0 != ".."
        }
    }
}

extension Job {
    /// What the job's manifest wants to be kept, and what became of it. The list itself is an ``ArtifactList``.
    public struct Artifacts: Codable, Equatable, Sendable {
        /// After which ends they are taken.
        public var when: When
        /// Whether they can be read even if somebody has entered the builder before its tasks had ended; nil: they cannot.
        public var evenIfEntered: Bool?
        /// How many there are; nil: they have not been taken, or will not be.
        public var count: Int?
        /// Bytes of all of them.
        public var size: Int?
        /// What has not been taken, and why: lines for people, as the job's log has them. Hostile text.
        public var remarks: [String]?

        enum CodingKeys: String, CodingKey {
            case when
            case evenIfEntered = "even_if_entered"
            case count, size, remarks
        }

        public init(
            when: When = .success, evenIfEntered: Bool? = nil, count: Int? = nil, size: Int? = nil,
            remarks: [String]? = nil
        ) {
            self.when = when
            self.evenIfEntered = evenIfEntered
            self.count = count
            self.size = size
            self.remarks = remarks
        }

        /// A word of API v1. Readers accept the words of later versions too.
        public struct When: RawRepresentable, Codable, Hashable, Sendable {
            public let rawValue: String

            public init(rawValue: String) {
                self.rawValue = rawValue
            }

            /// After success.
            public static let success = When(rawValue: "success")
            /// Also when a task has failed.
            public static let always = When(rawValue: "always")
        }
    }

    /// Whether its artifacts are kept, and nobody gets them: somebody has entered, and its owner had not said that they may
    /// go even then.
    public var withholdsArtifacts: Bool { !(entered ?? []).isEmpty && artifacts?.evenIfEntered != true }
}
