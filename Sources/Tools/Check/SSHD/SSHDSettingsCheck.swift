import Glibc

/// Whether sshd's settings for the account are those that Sallyport needs. No I/O: settings in, results out.
struct SSHDSettingsCheck: Sendable {
    var settings: EffectiveSettings
    var places: SettingPlaces
    var version: OpenSSHVersion
    var account: String
    /// Of the account.
    var groups: [String]

    var lists: AccountLists { AccountLists(settings: settings, account: account, groups: groups) }

    /// Everything but the command for keys, which has a check of its own.
    var results: [CheckResult] {
        let unmet = unmetSettings + variables + [admission].compactMap(\.self)
        guard unmet.isEmpty else { return unmet }
        return [.ok("sshd.settings", "sshd's settings for \(account) are those of the drop-in")]
    }

    /// Says where a value comes from, and what to do about it.
    func remedy(for keyword: String, value: String, wanted: String) -> String {
        let found = places.places(of: keyword, with: value)
        guard let place = found.first(where: { $0.match != nil }) ?? found.first else {
            return
                "Put `\(wanted)` into the block `Match User \(account)` of /etc/ssh/sshd_config.d/50-sallyport.conf, "
                + "which /etc/ssh/sshd_config must include, and reload sshd."
        }
        let line = "line \(place.line) of \(place.file)"
        switch place.match {
        case nil:
            return
                "\(place.file):\(place.line) says so for everybody. Put `\(wanted)` into the block `Match User \(account)` of "
                + "/etc/ssh/sshd_config.d/50-sallyport.conf, which must be included, and reload sshd."
        case "User \(account)": return "Write `\(wanted)` in \(line) instead, and reload sshd."
        case let block?:
            return
                "Remove \(line), in the block `Match \(block)`, or put it after the drop-in, and reload sshd: the first one "
                + "counts."
        }
    }

    private var unmetSettings: [CheckResult] {
        RequiredSetting.all.compactMap { setting in
            // Older versions do not know all of them.
            guard let value = settings[setting.keyword], !setting.isMet(value) else { return nil }
            let name = setting.line.prefix { $0 != " " }
            return CheckResult(
                check: "sshd.\(setting.keyword)", state: setting.state,
                finding: "\(name) is \(value): \(setting.consequence)",
                remedy: remedy(for: setting.keyword, value: value, wanted: setting.line))
        }
    }

    /// What sshd or the loader of programs tells the forced command, which no client and no setting must be able to forge.
    private static let reserved = [
        "SSH_ORIGINAL_COMMAND", "SSH_USER_AUTH", "SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY", "LD_PRELOAD",
        "LD_LIBRARY_PATH", "LD_AUDIT", "GCONV_PATH", "OPENSSL_CONF",
    ]

    private var variables: [CheckResult] {
        var results: [CheckResult] = []
        for pattern in settings.words("acceptenv") {
            guard let name = Self.reserved.first(where: { SSHDPattern.matches($0, pattern) }) else {
                continue
            }
            results.append(
                .fail(
                    "sshd.acceptenv",
                    "AcceptEnv \(pattern): a client can set \(name), which the forced command believes",
                    remedy: removal(of: pattern, from: "acceptenv")))
        }
        for value in settings.values("setenv") {
            let name = value.prefix { $0 != "=" }
            guard Self.reserved.contains(String(name)) else { continue }
            results.append(
                .fail(
                    "sshd.setenv", "SetEnv \(value): the forced command believes that sshd itself says so",
                    remedy: removal(of: String(name), from: "setenv")))
        }
        return results
    }

    /// Every matching block adds to these settings, so that only removing it helps.
    private func removal(of word: String, from keyword: String) -> String {
        let place = places.all.first { place in
            place.keyword == keyword
                && place.value.split(separator: " ").contains { $0 == word || $0.hasPrefix(word + "=") }
        }
        guard let place else { return "Remove \(word) from sshd's configuration, and reload sshd." }
        return "Remove \(word) from line \(place.line) of \(place.file), and reload sshd."
    }

    /// Whether sshd's lists of users and groups let the account in; nil: they do.
    private var admission: CheckResult? {
        lists.obstacle(from: nil).map { obstacle in
            let place = places.all.first { $0.keyword == obstacle.keyword }.map { " (\($0.file):\($0.line))" }
            return .fail(
                "sshd.\(obstacle.keyword)", "\(obstacle.setting)\(place ?? ""): sshd refuses \(account)",
                remedy: "\(obstacle.remedy), and reload sshd.")
        }
    }
}
