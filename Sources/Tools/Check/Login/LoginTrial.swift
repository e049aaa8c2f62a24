import AuthorizedKeys
import FoundationEssentials
import HelperPrograms
import Presentation

/// A login with the real client at the real sshd, with a key that nobody has. It shows that sshd, the dispatcher, the forced
/// command and the build service work together: the refusal names the key.
struct LoginTrial: Sendable {
    static let check = "login"

    var sshd: SSHDProgram
    var settings: EffectiveSettings
    var account: String
    var admission: KeyOffer.Admission
    /// Of users and groups.
    var lists: AccountLists

    func result(with key: borrowing ThrowAwayKey) async -> CheckResult {
        if let warning = warning(Self.check) { return warning }
        guard let said = await logIn(with: key.path, in: key.folder, as: "gateway") else {
            return .fail(
                Self.check, "a login at \(place.address), port \(place.port), got no answer within a minute",
                remedy: "ssh -v -p \(place.port) \(account)@\(place.address)")
        }
        // Where systemd listens in its place, no sshd waits.
        if sshd.listener == nil, said.errors.contains("Connection refused") {
            return .fail(Self.check, "no sshd is running here", remedy: "systemctl start ssh")
        }
        let verdict = Self.verdict(on: said, key: key.key)
        let reasons = verdict.needsReasons ? await reasons(with: key) : []
        switch verdict {
        case .works(let sentence): return .ok(Self.check, sentence)
        case .refused(let sentence) where admission == .known && reasons.isEmpty:
            return .ok(
                Self.check,
                sentence
                    + ", as `--admission known` wants it; a login with a key that the build service knows shows the rest "
                    + "(--identity)"
            )
        case .refused(let sentence), .fails(let sentence):
            let cause = reasons.isEmpty ? "" : "; sshd said: \(reasons.joined(separator: "; "))"
            return .fail(
                Self.check, sentence + HostileText.printable(cause),
                remedy: reasons.isEmpty
                    ? "Mend what is named above; the system log (authpriv) has more: "
                        + "journalctl -t sshd -t sshd-session -t sshd-auth -t sallyport-shell"
                    : "Mend what sshd has named.")
        }
    }

    /// Where sshd lets others in, and not this host itself.
    private func warning(_ check: String) -> CheckResult? {
        guard lists.obstacle(from: nil) == nil, let obstacle = lists.obstacle(from: place.address) else {
            return nil
        }
        return .warn(
            check,
            "a login from this host cannot show whether others work: \(obstacle.setting), for this host's own address",
            remedy: "Log in from a host that sshd lets in, or see what `sallyport explain --from` says of it."
        )
    }

    /// A login with a key that the build service knows.
    ///
    /// - Parameters:
    ///   - identity: the path of the private key.
    ///   - folder: where the gateway's host key is kept meanwhile.
    func result(withIdentity identity: String, in folder: String) async -> CheckResult {
        let check = "login.known"
        if let warning = warning(check) { return warning }
        let said = await logIn(with: identity, in: folder, as: "gateway-known")
        guard let said, said.succeeded else {
            let line = said?.complaint ?? "no answer within a minute"
            return .fail(
                check, "a login with \(identity) ended with: \(HostileText.printable(line))",
                remedy: "See why: sallyport explain --key \(identity) --from \(place.address) -- whoami")
        }
        return .ok(check, "a login with \(identity) got in: \(HostileText.printable(said.output.trimmed))")
    }

    private var place: (address: String, port: Int) { Self.place(of: settings.words("listenaddress")) }

    /// - Parameter alias: under which the gateway's host key is kept in the folder.
    /// - Returns: nil: no answer within a minute.
    private func logIn(
        with identity: String, in folder: String, as alias: String
    ) async -> LocalCommand.Outcome? {
        let words = StrictSSH.words(
            "whoami", at: place.address, port: place.port, as: account, identity: identity,
            knownHosts: "\(folder)/known_hosts", alias: alias, learns: true)
        return await LocalCommand.run([StrictSSH.program] + words, within: .seconds(60))
    }

    enum Verdict: Equatable {
        case works(String)
        /// By sshd, before the forced command ran.
        case refused(String)
        case fails(String)

        var needsReasons: Bool { if case .works = self { false } else { true } }
    }

    /// What follows from what the client has printed.
    static func verdict(on said: LocalCommand.Outcome, key: PublicKey) -> Verdict {
        let text = said.output + said.errors
        // Only the forced command knows it, from sshd, and says so only when the build service has answered.
        if text.contains(key.fingerprint), said.status == 77 {
            return .works(
                "a login got as far as the build service, which does not know the key that was made for it")
        }
        let line = text.split(whereSeparator: \.isNewline).last { !$0.allSatisfy(\.isWhitespace) }.map(
            String.init)
        if text.contains("Not allowed at this time") {
            return .fails(
                "sshd refuses this address for a while, because of earlier logins that failed (PerSourcePenalties)"
            )
        }
        if text.contains("Permission denied (publickey") {
            return .refused("sshd refused a login before the forced command ran (\(line ?? ""))")
        }
        return .fails("a login ended with: \(HostileText.printable(line ?? said.complaint))")
    }

    /// Where sshd listens, seen from here: at an address of IPv4, if there is one, because IPv6 can be off where sshd names it.
    static func place(of addresses: [String]) -> (address: String, port: Int) {
        let places = addresses.compactMap { address -> (address: String, port: Int)? in
            guard let colon = address.lastIndex(of: ":"),
                let port = Int(address[address.index(after: colon)...])
            else { return nil }
            let host = address[..<colon].filter { $0 != "[" && $0 != "]" }
            return (host == "0.0.0.0" ? "127.0.0.1" : host == "::" ? "::1" : host, port)
        }
        return places.first { !$0.address.contains(":") } ?? places.first ?? ("127.0.0.1", 22)
    }

    /// Why this sshd refuses: what it writes when it serves one connection here and says more than usual.
    private func reasons(with key: borrowing ThrowAwayKey) async -> [String] {
        let log = "\(key.folder)/sshd.log"
        let serve = (sshd.words + ["-i", "-e", "-d"]).map(\.shellWord).joined(
            separator: " ")
        let words = StrictSSH.words(
            "whoami", at: "gateway", port: 22, as: account, identity: key.path,
            knownHosts: "\(key.folder)/known_hosts",
            alias: "gateway-asked", learns: true,
            more: ["ProxyCommand=\(serve.escaping("%", as: "%%")) 2>\(log.shellWord)"])
        _ = await LocalCommand.run([StrictSSH.program] + words, within: .seconds(60))
        let text = FileManager.default.contents(atPath: log).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return Self.reasons(in: text)
    }

    /// What sshd writes about any connection.
    private static let usual = [
        "debug", "Connection ", "Failed publickey", "Postponed ", "Accepted ", "Disconnect",
        "Received disconnect", "Starting ",
        "Close session", "User child", "Environment:", "Transferred:", "Bytes per second",
        "Closing connection", "Set /proc",
    ]

    /// The lines of sshd's that say what is wrong.
    static func reasons(in log: String) -> [String] {
        var found: [String] = []
        for line in log.split(whereSeparator: \.isNewline) {
            guard !usual.contains(where: line.hasPrefix), line.first?.isWhitespace == false else { continue }
            var sentence = String(line).trimmed
            for word in ["error: ", "fatal: "] where sentence.hasPrefix(word) {
                sentence.removeFirst(word.count)
            }
            if sentence.hasSuffix(" [preauth]") { sentence.removeLast(" [preauth]".count) }
            if !found.contains(sentence) { found.append(sentence) }
        }
        return Array(found.prefix(3))
    }
}
