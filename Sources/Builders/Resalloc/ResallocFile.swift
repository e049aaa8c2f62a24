import AllocatorPrograms
import BuildAPI
package import ConfigurationFile
import HelperPrograms

/// `resalloc.toml`: which tags stand for a pool, and how its machines are entered.
package struct ResallocFile: AllocatorFile, Equatable {
    /// What a pool's jobs get.
    package struct Pool: Equatable, Sendable {
        /// resalloc gives out machines that have all of them.
        package var tags: [String]
        package var user: String
        /// The file of the private key with which we log in.
        package var identity: String
        /// A file of known_hosts(5) that vouches for the machines, with their keys or an authority's; nil: nobody does.
        package var knownHosts: String?
    }

    /// A folder.
    package var state: String
    /// The client's path.
    package var program: String
    /// The server's URL; nil: the client's own.
    package var connection: String?
    package var pools: [String: Pool]
    /// Further tags, by the architecture that a job asks for.
    package var architectures: [String: [String]]

    package static let defaultPath = "/etc/sallyport/resalloc.toml"

    /// The first file that is not root's.
    package var objection: (key: String, reason: String)? {
        if let reason = RootsFile.objection(toProgram: program) { return ("resalloc.program", reason) }
        for (name, pool) in pools.sorted(by: { $0.key < $1.key }) {
            if let file = pool.knownHosts, let reason = RootsFile.objection(to: file) {
                return ("resalloc.pool.\(name).known_hosts", reason)
            }
        }
        return nil
    }

    /// - Parameter path: for error messages.
    package static func parse(_ text: String, path: String) throws(ConfigurationError) -> ResallocFile {
        var document = try Document(text, path: path)
        let state = try document.path("resalloc", "state", default: "/var/lib/sallyport/resalloc")
        let program = try document.path("resalloc", "program", default: "/usr/bin/resalloc")
        let connection = try document.text("resalloc", "connection")
        let common = try Access("resalloc", from: &document)
        var pools: [String: Pool] = [:]
        for name in try document.tables(in: "resalloc", "pool") {
            pools[name] = try pool("resalloc.pool.\(name)", common, from: &document)
        }
        guard !pools.isEmpty else {
            throw document.error("resalloc", "pool", "expected tables [resalloc.pool.NAME]")
        }
        var architectures: [String: [String]] = [:]
        for name in try document.tables(in: "resalloc", "arch") {
            architectures[name] = try tags("resalloc.arch.\(name)", from: &document)
        }
        try document.refuseWhatNobodyAskedFor()
        return ResallocFile(
            state: state, program: program, connection: connection, pools: pools,
            architectures: architectures)
    }

    /// How machines are entered; each pool can say it for itself.
    private struct Access {
        var user: String?
        var identity: String?
        var knownHosts: String?

        init(_ table: String, from document: inout Document) throws(ConfigurationError) {
            user = try document.text(table, "user")
            guard user.map(UserName.isValid) ?? true else {
                throw document.error(table, "user", "expected an account's name")
            }
            identity = try document.path(table, "identity")
            knownHosts = try document.path(table, "known_hosts")
        }
    }

    private static func pool(
        _ table: String, _ common: Access, from document: inout Document
    ) throws(ConfigurationError) -> Pool {
        let tags = try tags(table, from: &document)
        let own = try Access(table, from: &document)
        guard let identity = own.identity ?? common.identity else {
            throw document.error(table, "identity", "expected the file of a private key")
        }
        return Pool(
            tags: tags, user: own.user ?? common.user ?? "root", identity: identity,
            knownHosts: own.knownHosts ?? common.knownHosts)
    }

    private static func tags(
        _ table: String, from document: inout Document
    ) throws(ConfigurationError) -> [String] {
        guard let tags = try document.texts(table, "tags"), !tags.isEmpty, !tags.contains("") else {
            throw document.error(table, "tags", "expected a list of resalloc's tags")
        }
        return tags
    }
}
