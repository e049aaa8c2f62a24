import Glibc
import HelperPrograms

/// Runs this host's programs, to ask them.
enum LocalCommand {
    /// How one has ended.
    struct Outcome: Sendable {
        /// Nil: a signal has ended it.
        var status: Int32?
        var output: String
        var errors: String

        var succeeded: Bool { status == 0 }

        /// Its last line about what is wrong, or how it has ended.
        var complaint: String {
            errors.split(whereSeparator: \.isNewline).last.map(String.init) ?? status.map { "status \($0)" }
                ?? "a signal ended it"
        }
    }

    /// - Parameters:
    ///   - user: as whom; nil: as this process's user, root.
    ///   - input: what it can read.
    /// - Returns: nil: it could not be started, or has not ended in time.
    static func run(
        _ words: [String], as user: uid_t? = nil, reading input: [UInt8] = [],
        environment: [String: String] = [:],
        within limit: Duration = .seconds(10)
    ) async -> Outcome? {
        var words = words
        if let user {
            guard let entry = getpwuid(user) else { return nil }
            words =
                [
                    "setpriv", "--reuid=\(user)", "--regid=\(entry.pointee.pw_gid)", "--init-groups",
                    "--no-new-privs",
                    "--inh-caps=-all", "--",
                ] + words
        }
        let program = HelperProgram(
            words: words, environment: environment, outputLimit: 1 << 20, limit: limit)
        guard let outcome = try? await program.run(reading: input) else { return nil }
        let status: Int32? = if case .exited(let code) = outcome.status { code } else { nil }
        return Outcome(
            status: status, output: String(decoding: outcome.output, as: UTF8.self), errors: outcome.errors)
    }
}
