import AuthorizedKeys
import ConfigurationFile
import FoundationEssentials
import Gateway
import Glibc
import HelperPrograms
import KeyLookup

/// Follows a login through sshd, the dispatcher and the forced command, as far as it gets.
struct LoginTrace {
    var login: LoginQuestion
    var configuration: Configuration
    /// As it is offered: a plain key or a certificate. Nil: nobody has a key with the fingerprint.
    var key: PublicKey?
    var account: String

    private var answer = LoginAnswer()

    /// Stands for one of which only the fingerprint is known, where it does not matter which one it is.
    private static let someKey = try! PublicKey(
        type: "ssh-ed25519", base64: "AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")

    init(login: LoginQuestion, configuration: Configuration, key: PublicKey?, account: String) {
        (self.login, self.configuration, self.key, self.account) = (login, configuration, key, account)
    }

    /// What ssh prints if sshd refuses.
    private var refusalBySSHD: String {
        "\(account)@\(configuration.gateway.publicHost ?? LoginExplanation.hostName): Permission denied (publickey)."
    }

    mutating func answer() async throws(ConfigurationError) -> LoginAnswer {
        guard let account = Account(account) else {
            return refused(
                "there is no account \(self.account)", "make install creates it (docs/installation.md)")
        }
        let inspection: SSHDInspection
        do throws(SSHDInspectionError) {
            inspection = try await SSHDInspection.make(
                of: .running() ?? .installed, account: account.name, from: login.address)
        } catch {
            return refused(error.finding, error.remedy)
        }
        let settings = inspection.check(of: account)
        let lists = settings.lists
        if let obstacle = lists.obstacle(from: login.address) {
            return refused(
                "\(obstacle.setting), for clients at \(login.address): sshd refuses \(account.name)",
                lists.obstacle(from: nil) != nil
                    ? "\(obstacle.remedy), and reload sshd."
                    : "Say where they come from: --from ADDRESS. If that is it, let \(account.name)@ADDRESS in, and reload sshd."
            )
        }
        let command = KeysCommandCheck(
            settings: settings, key: key ?? Self.someKey, home: account.home)
        let (keysUser, keysUserResult) = command.keysUser(account: account)
        for result in [
            account.result(usesPAM: inspection.settings["usepam"] == "yes"), command.result, keysUserResult,
        ]
        where result.state == .fail {
            return refused(result.finding, result.remedy)
        }
        if let key, let refusal = await PresentedKey(key: key, settings: inspection.settings).refusal() {
            return refused(refusal.finding, refusal.remedy)
        }
        for result in settings.results where result.state == .fail {
            if Self.refusing.contains(result.check) { return refused(result.finding, result.remedy) }
            if Self.diverting.contains(result.check) { return diverted(result.finding, result.remedy) }
            note(.sshd, "but \(result.finding)")
        }
        guard let words = command.askedWords(account: account), let keysUser, let offer = command.offer else {
            return refused("sshd asks no dispatcher that can be run", nil)
        }
        note(.sshd, "asks \(words[0]) for the keys of \(account.name), as \(keysUser.name)")
        // The one that the dispatcher's line names, whichever this program was told.
        configuration = try ConfigurationFile.read(
            offer.config ?? Configuration.defaultPath, ownerMustBeRoot: true)
        let (line, remedy) = await dispatched(words, offer.admission, as: keysUser)
        let isStranger = try explain()
        guard line == nil else { return answer }
        // Whatever the forced command would do, it is not started.
        (answer.isLetIn, answer.next, answer.log, answer.remedy) = (false, [], [], remedy)
        (answer.reads, answer.status) = (refusalBySSHD, 255)
        answer.rule =
            offer.admission == .known && isStranger && remedy == nil
            ? "with `--admission known`, the dispatcher answers sshd only for keys that the build service knows"
            : "the dispatcher gives sshd no line"
        return answer
    }

    /// The checks of settings with which nobody gets as far as the forced command.
    private static let refusing: Set = ["sshd.pubkeyauthentication", "sshd.authenticationmethods"]
    /// Those of settings with which something else than the forced command decides, or it cannot.
    private static let diverting: Set = ["sshd.forcecommand", "sshd.chrootdirectory", "sshd.exposeauthinfo"]

    private mutating func note(_ decider: LoginAnswer.Step.Decider, _ finding: String) {
        answer.steps.append(.init(decider: decider, finding: finding))
    }

    /// By sshd, before anybody else is asked.
    private mutating func refused(_ finding: String, _ remedy: String?) -> LoginAnswer {
        note(.sshd, finding)
        (answer.rule, answer.remedy) = ("sshd refuses before the forced command runs", remedy)
        (answer.reads, answer.status) = (refusalBySSHD, 255)
        return answer
    }

    /// sshd lets the person in, and that leads elsewhere.
    private mutating func diverted(_ finding: String, _ remedy: String?) -> LoginAnswer {
        note(.sshd, finding)
        (answer.rule, answer.remedy) = ("sshd's settings keep the forced command from deciding", remedy)
        return answer
    }

    /// - Returns: the line that sshd gets, or nil; and what mends that there is none, if that is known here.
    private mutating func dispatched(
        _ words: [String], _ admission: KeyOffer.Admission, as user: Account
    ) async -> (line: String?, remedy: String?) {
        guard self.key != nil else {
            note(.dispatcher, "is not asked: nobody has a key with this fingerprint")
            return (admission == .any ? "" : nil, nil)
        }
        // Whoever can change it must not get more from us than from sshd, which does not start it either.
        if let fault = TrustedPath.faults(of: words[0]).first {
            note(.dispatcher, "is not started by sshd: \(fault.finding)")
            return (nil, fault.remedy)
        }
        let cached = plainKey.map { KeyCache.path(of: $0.fingerprint, in: configuration.gateway.keyCache) }
        let wasCached = cached.map { access($0, F_OK) == 0 } ?? true
        let outcome = await LocalCommand.run(words, as: user.user)
        if let cached, !wasCached { unlink(cached) }
        if let line = outcome?.output.split(separator: "\n").first.map(String.init) {
            note(.dispatcher, "prints \(line)")
            return (line, nil)
        }
        let complaint = outcome.map { $0.succeeded ? "" : ": \($0.complaint)" } ?? ": no answer within 10 s"
        note(.dispatcher, "prints nothing\(complaint)")
        return (nil, nil)
    }

    /// The key inside a certificate.
    private var plainKey: PublicKey? {
        key.flatMap { Certificate.isCertificate($0) ? (try? Certificate($0))?.plainKey : $0 }
    }

    /// What the forced command does, if sshd starts it.
    ///
    /// - Returns: whether the key is nobody's.
    private mutating func explain() throws(ConfigurationError) -> Bool {
        let explanation: LoginExplanation
        if let plainKey {
            explanation = try LoginExplanation.explain(
                .init(
                    key: plainKey, command: login.command, address: login.address, account: account,
                    hasTerminal: login.hasTerminal), by: configuration)
        } else if case .fingerprint(let fingerprint) = login.key {
            explanation = LoginExplanation(ofUnknownKey: fingerprint, in: configuration)
        } else {
            // A certificate that only sshd could understand: the dispatcher gives no line for it.
            return false
        }
        answer.exchanges = explanation.exchanges
        answer.isLetIn = explanation.isLetIn
        answer.rule = explanation.rule
        answer.next = explanation.next
        answer.log = explanation.record
        (answer.reads, answer.status) = (explanation.reads, explanation.status)
        return explanation.isStranger
    }
}
