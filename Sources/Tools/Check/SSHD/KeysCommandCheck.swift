import AuthorizedKeys

/// Whether sshd asks Sallyport for the keys of the account, and how. No I/O.
struct KeysCommandCheck: Sendable {
    var settings: SSHDSettingsCheck
    /// A key that nobody has.
    var key: PublicKey
    var home: String

    private var value: String { settings.settings["authorizedkeyscommand"] ?? "none" }
    var command: KeysCommand? { KeysCommand(value) }
    /// Whom sshd runs it as.
    var user: String? {
        let user = settings.settings["authorizedkeyscommanduser"] ?? "none"
        return user == "none" ? nil : user
    }

    /// What it is asked; nil: it does not understand that, or is not ours.
    var offer: KeyOffer? { try? command?.offer(of: key, account: settings.account, home: home) }

    private static let wanted =
        "AuthorizedKeysCommand \(Installation.programs)/sallyport-dispatch %u %h %t %k"

    var result: CheckResult {
        let check = "sshd.authorizedkeyscommand"
        let account = settings.account
        func remedy(_ sentence: String) -> String { "\(sentence), and reload sshd." }
        guard let command else {
            return .fail(
                check, "sshd asks no program for the keys of \(account), so nobody can log in",
                remedy: settings.remedy(for: "authorizedkeyscommand", value: value, wanted: Self.wanted))
        }
        guard command.isOurs else {
            return .fail(
                check,
                "sshd asks \(command.program) for the keys of \(account), and not Sallyport: there can be only one",
                remedy: settings.remedy(for: "authorizedkeyscommand", value: value, wanted: Self.wanted))
        }
        let unknown = command.unknownTokens(of: settings.version)
        guard unknown.isEmpty else {
            return .fail(
                check,
                "this sshd does not know \(unknown.joined(separator: ", ")) in AuthorizedKeysCommand, and refuses "
                    + "every login (`sshd -t` does not notice)",
                remedy: remedy("Remove it from \(place)"))
        }
        do throws(OfferError) {
            let offer = try command.offer(of: key, account: account, home: home)
            guard offer.account == account else {
                return .fail(
                    check, "the dispatcher answers for the account \(offer.account), and not for \(account)",
                    remedy: remedy(
                        "Say `--account \(account)` in \(place)"))
            }
            return .ok(check, "sshd asks \(command.program) for the keys of \(account)")
        } catch {
            return .fail(
                check, "the dispatcher does not understand its options: \(error)",
                remedy: remedy("Write `\(Self.wanted)` in \(place)"))
        }
    }

    /// What sshd starts for the key; nil: it does not start our dispatcher, or the dispatcher does not understand it.
    func askedWords(account: Account) -> [String]? {
        guard offer != nil, command?.isOurs == true else { return nil }
        return command?.words(for: key, account: account.name, home: home)
    }

    /// Whom sshd runs the dispatcher as, if that user exists.
    func keysUser(account: Account) -> (Account?, CheckResult) {
        let check = "sshd.authorizedkeyscommanduser"
        let remedy = "Say `AuthorizedKeysCommandUser sallyport-keys` in the drop-in, and reload sshd."
        guard let user else {
            let result = CheckResult.fail(
                check, "AuthorizedKeysCommandUser is not set: sshd asks nobody for keys", remedy: remedy)
            return (nil, result)
        }
        guard let found = Account(user) else {
            let result = CheckResult.fail(
                check,
                "there is no user \(user), as which sshd is to ask for keys (`sshd -t` does not notice)",
                remedy: "make install creates sallyport-keys (docs/installation.md)")
            return (nil, result)
        }
        guard found.user != 0, found.user != account.user else {
            let result = CheckResult.warn(
                check, "sshd asks for keys as \(user), who can do more than look keys up", remedy: remedy)
            return (found, result)
        }
        return (found, .ok(check, "sshd asks for keys as \(user)"))
    }

    /// Where the setting is, for sentences.
    private var place: String {
        let place = settings.places.all.last { $0.keyword == "authorizedkeyscommand" && $0.match != nil }
        return place.map { "\($0.file):\($0.line)" } ?? "/etc/ssh/sshd_config.d/50-sallyport.conf"
    }
}
