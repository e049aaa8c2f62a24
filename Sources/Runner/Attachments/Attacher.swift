import AuthorizedKeys
import BuildAPI
import FoundationEssentials
import Policy

/// Whose machine it is: decided by the key with which it has logged in, or by whoever adopts it.
struct Attacher: Equatable, Sendable {
    /// The key's.
    let fingerprint: String
    /// A person, or the members of a robot.
    let owner: Party
    /// The key's owner, if the job is not theirs.
    let submitter: Person?
    /// The key's owner, or whoever adopts the machine.
    let holder: Person
    /// Whether the key says nothing about the owner.
    let isAdopting: Bool

    /// Throws if the key is not good for that, here and now.
    ///
    /// - Parameters:
    ///   - key: what the service knows about it.
    ///   - from: the machine's address.
    static func holder(
        of key: Key?, fingerprint: String, from: String, at now: Date
    ) throws(RunnerError) -> Person {
        let principal: Principal
        do throws(Denial) {
            principal = try Principal.identify(key, fingerprint: fingerprint, for: .attaching)
        } catch .unknownKey {
            throw RunnerError(.forbidden, "The key \(fingerprint) is unknown here.")
        } catch .unconfirmedKey {
            throw RunnerError(.forbidden, "The key \(fingerprint) is pending: nobody has confirmed it yet.")
        } catch {
            throw RunnerError(error)
        }
        try checkLimits(of: key, fingerprint: fingerprint, from: from, at: now)
        return principal.person
    }

    /// Throws if no machine can be brought with the key that waits for somebody to adopt it, here and now.
    static func checkPairing(
        _ key: Key?, fingerprint: String, from: String, at now: Date
    ) throws(RunnerError) {
        try deciding { () throws(Denial) in try PairingRight.check(key, fingerprint: fingerprint) }
        try checkLimits(of: key, fingerprint: fingerprint, from: from, at: now)
    }

    private static func checkLimits(
        of key: Key?, fingerprint: String, from: String, at now: Date
    ) throws(RunnerError) {
        if let expires = key?.expires, expires <= now {
            throw RunnerError(
                .forbidden,
                "The key \(fingerprint) has expired on \(expires.formatted(.iso8601)). Ask for another one.")
        }
        if let ranges = key?.from, !ranges.isEmpty,
            !ranges.contains(where: { AddressRange($0)?.contains(from) == true })
        {
            throw RunnerError(
                .forbidden, "The key \(fingerprint) is not accepted from the address \(from).")
        }
    }

    /// - Parameter fingerprint: of the machine's key.
    init(adopting fingerprint: String, by person: Person) {
        self.fingerprint = fingerprint
        (owner, submitter, holder, isAdopting) = (.person(person), nil, person, true)
    }

    /// The machine's owner.
    ///
    /// - Parameters:
    ///   - holder: the key's owner.
    ///   - member: whom the machine is for, if the key's owner is a robot; nil: for all of its members.
    init(
        _ holder: Account, fingerprint: String, for member: Account?, named name: String?, hasMembers: Bool
    ) throws(RunnerError) {
        (self.fingerprint, self.holder, isAdopting) = (fingerprint, holder.person, false)
        guard holder.robot == true else {
            guard name == nil || name == holder.name else {
                throw RunnerError(
                    .unprocessable(line: nil, key: "member"),
                    "This key is \(holder.name)'s own, so the machine can be for nobody else.")
            }
            (owner, submitter) = (.person(holder.person), nil)
            return
        }
        submitter = holder.person
        let members = Party.group(Group(name: holder.name))
        guard name != nil else {
            guard hasMembers else {
                throw RunnerError(
                    .forbidden, "The robot \(holder.name) has no members, so nobody could enter the machine.")
            }
            owner = members
            return
        }
        // Whether someone exists is nobody's business here.
        guard let member, members.isOne(of: member.groups ?? []), !member.suspended else {
            throw RunnerError(
                .unprocessable(line: nil, key: "member"), "This person is no member of \(holder.name).")
        }
        owner = .person(member.person)
    }
}
