import BuildAPI

/// sshd's lists of the users and groups that it lets in: DenyUsers, AllowUsers, DenyGroups and AllowGroups, which count in this
/// order. No I/O.
struct AccountLists: Sendable {
    var settings: EffectiveSettings
    var account: String
    /// Of the account.
    var groups: [String]

    /// A list that does not let the account in.
    struct Obstacle: Equatable, Sendable {
        /// Of the list, in lower case.
        var keyword: String
        /// What is so, without a place.
        var setting: String
        var remedy: String
    }

    /// Nil: they let the account in.
    ///
    /// - Parameter address: where the client comes from; nil: somewhere, so that a pattern with a host can be meant for others.
    func obstacle(from address: String?) -> Obstacle? {
        let user = { (pattern: String) in matches(pattern, from: address, isDenied: true) }
        let knownUser = { (pattern: String) in matches(pattern, from: address, isDenied: false) }
        let member = { (pattern: String) in groups.contains { SSHDPattern.matches($0, pattern) } }
        return denied("DenyUsers", by: user, "Remove this pattern, or make it narrower")
            ?? notAllowed(
                "AllowUsers", by: knownUser, "does not name \(account)", "Add \(account) to AllowUsers")
            ?? denied("DenyGroups", by: member, "Take \(account) out of that group")
            ?? notAllowed(
                "AllowGroups", by: member, "names no group of \(account)",
                "Add the group \(account) to AllowGroups")
    }

    private func denied(_ name: String, by matches: (String) -> Bool, _ remedy: String) -> Obstacle? {
        settings.words(name.lowercased()).first(where: matches).map {
            Obstacle(keyword: name.lowercased(), setting: "\(name) \($0)", remedy: remedy)
        }
    }

    private func notAllowed(
        _ name: String, by matches: (String) -> Bool, _ finding: String, _ remedy: String
    ) -> Obstacle? {
        let patterns = settings.words(name.lowercased())
        guard !patterns.isEmpty, !patterns.contains(where: matches) else { return nil }
        return Obstacle(keyword: name.lowercased(), setting: "\(name) \(finding)", remedy: remedy)
    }

    /// `user`, or `user@hosts`: addresses, ranges or patterns of these, with commas between them; `!` before one that is not meant.
    private func matches(_ pattern: String, from address: String?, isDenied: Bool) -> Bool {
        let parts = pattern.split(separator: "@", maxSplits: 1).map(String.init)
        guard let user = parts.first, SSHDPattern.matches(account, user) else { return false }
        guard parts.count == 2 else { return true }
        guard let address else { return !isDenied }
        var isMeant = false
        for part in parts[1].split(separator: ",") {
            let host = String(part.drop { $0 == "!" })
            guard AddressRange(host)?.contains(address) ?? SSHDPattern.matches(address, host) else {
                continue
            }
            if part.hasPrefix("!") { return false }
            isMeant = true
        }
        return isMeant
    }
}
