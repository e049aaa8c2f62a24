import ConfigurationFile
import Glibc

/// Where people come from, and how long an answer counts: `[people]` of the configuration.
struct PeopleRules: Sendable {
    /// Nil: an operator adds people.
    var source: (any PeopleSource)?
    /// For how many seconds an answer counts without being asked for again.
    var fresh = 60.0
    /// For how many seconds the last answer counts while the source gives none.
    var stale = 900.0
    /// Whether keys that are added here count too.
    var permitsLocalKeys = true
    /// Where people add their keys.
    var keysAt: String?

    init() {}

    /// Checks that the source can be asked at all.
    init(_ configuration: Configuration.People) throws(RunnerError) {
        guard let source = configuration.source else { return }
        switch source {
        case .program(let words):
            guard access(words[0], X_OK) == 0 else {
                throw RunnerError(
                    .failure,
                    "people.source: \(words[0]) cannot be executed: \(String(cString: strerror(errno)))")
            }
            self.source = ProgramSource(words: words)
        case .web(let url, let names, let authorities):
            let client = SecureGet(authorities: authorities)
            let web = WebSource(url: url, names: names, client: client)
            do throws(SourceFailure) {
                try client.check()
                _ = try web.listedNames()
            } catch {
                throw RunnerError(.failure, "people: \(error.cause)")
            }
            self.source = web
        }
        fresh = Double(configuration.fresh)
        stale = Double(configuration.stale)
        permitsLocalKeys = configuration.permitsLocalKeys
        keysAt = configuration.keysAt
    }

    /// How often people who are here are asked about, in seconds: so often that what the source says ends a session
    /// within one lease. Gateways ask for the session every third of it.
    func interval(lease: UInt32) -> Double { min(fresh, Double(lease) / 3) }
}
