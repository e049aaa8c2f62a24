import HelperPrograms

/// An account on a machine in which scripts of sh(1) are run, whatever its shell is. Stock ssh connects, without any
/// configuration of its own, and the machine has to show one of its host keys.
package struct ScriptOverSSH: Sendable {
    /// The machine's, in messages.
    package var name: String
    /// An IP literal.
    package var address: String
    package var port: Int
    package var user: String
    /// The file of the private key with which we log in.
    package var identity: String
    /// The file that names the machine's host keys: see ``StateFolder/storeHostKeys(_:of:)``.
    package var knownHosts: String
    /// The name under which that file has them.
    package var alias: String
    /// Whether the key that the machine shows first is written into that file, where it names none: nobody vouches for it.
    package var learnsHostKey: Bool

    /// How long a machine has to answer, and to run a few lines.
    package static let usualLimit = Duration.seconds(60)

    package init(
        name: String, address: String, port: Int, user: String, identity: String, knownHosts: String,
        alias: String? = nil, learnsHostKey: Bool = false
    ) {
        self.name = name
        self.address = address
        self.port = port
        self.user = user
        self.identity = identity
        self.knownHosts = knownHosts
        self.alias = alias ?? name
        self.learnsHostKey = learnsHostKey
    }

    /// Runs a script to its end: see ``HostScripts``. When the caller is cancelled, it is ended.
    ///
    /// - Parameter said: gets each line of its standard error.
    /// - Returns: its standard output, which is the machine's word.
    @discardableResult
    package func run(
        _ script: String, limit: Duration = usualLimit,
        _ said: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws(AllocatorFailure) -> [UInt8] {
        let words =
            [StrictSSH.program]
            + StrictSSH.words(
                "/bin/sh -s", at: address, port: port, as: user, identity: identity, knownHosts: knownHosts,
                alias: alias, learns: learnsHostKey)
        let program = HelperProgram(words: words, outputLimit: 1 << 20, limit: limit, endsWithUs: true)
        let outcome: HelperProgram.Outcome
        do throws(HelperProgram.Failure) {
            outcome = try await program.run(reading: Array(script.utf8)) { said($0) }
        } catch {
            throw AllocatorFailure("\(name): \(error)")
        }
        guard outcome.status != .exited(0) else { return outcome.output }
        throw AllocatorFailure("\(name): \(outcome.lastWords)")
    }

    /// Lets these keys in, `<type> <base64>` each, and no others of earlier jobs.
    package func admit(_ keys: [String]) async throws(AllocatorFailure) {
        try await run(HostScripts.admit(keys))
    }

    /// Lets in nobody whom ``admit(_:)``, the runner or a gateway has let in, and ends all processes of the account.
    package func withdraw() async throws(AllocatorFailure) {
        do throws(AllocatorFailure) {
            try await run(HostScripts.withdraw)
        } catch {
            // It has ended its own connection; a second one finds out how far it got.
        }
        try await run(HostScripts.check)
    }
}

extension StateFolder {
    /// Stores a machine's host keys, `<type> <base64>` each.
    ///
    /// - Returns: the path of the file, which ssh reads.
    package func storeHostKeys(_ keys: [String], of name: String) throws(AllocatorFailure) -> String {
        let file = "known_hosts.\(name)"
        try write(keys.map { "\(name) \($0)\n" }.joined(), to: file)
        return "\(path)/\(file)"
    }
}
