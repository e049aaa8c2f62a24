package import BuildAPI

/// A machine of the file.
package struct SSHHost: Equatable, Sendable {
    /// Who can get it after someone else.
    package enum Reuse: String, CaseIterable, Sendable {
        /// Nobody, until it is new again.
        case sameOwner = "same-owner"
        /// Everyone: they trust each other.
        case trusted
    }

    package var name: String
    /// An IP literal.
    package var address: String
    package var port: Int
    /// An account for jobs, and nothing else.
    package var user: String
    /// `<type> <base64>` each.
    package var hostKeys: [String]
    /// The file of the private key with which we log in.
    package var identity: String
    package var arch: Architecture?
    package var tags: [String]
    package var reuse: Reuse
    /// A line for the machine's shell, between jobs that nobody was inside.
    package var clean: String?
    /// A program and its arguments, here, that makes it new.
    package var reset: [String]?
}
