/// How many logins can wait for the dispatcher before sshd drops others: `MaxStartups`.
struct Startups: Equatable, Sendable {
    /// From so many on sshd drops `rate` percent of new ones, and all of them from `full` on.
    var begin: Int
    var rate: Int
    var full: Int

    /// - Parameter value: as `sshd -T` prints it, `10:30:100`.
    init?(_ value: String) {
        let numbers = value.split(separator: ":").compactMap { Int($0) }
        guard numbers.count == 3 else { return nil }
        (begin, rate, full) = (numbers[0], numbers[1], numbers[2])
    }

    /// How often sshd asks for the keys of somebody whose third key is the right one: once for each, and again for the
    /// signature.
    private static let lookUps = 4
    /// Logins in a second that are nothing unusual when something has failed for many.
    private static let usual = 20.0

    /// - Parameter lookUp: how many seconds one look-up takes.
    func result(lookUp: Double) -> CheckResult {
        let check = "sshd.maxstartups"
        let perSecond = Double(begin) / (lookUp * Double(Self.lookUps))
        let finding =
            "a look-up of a key takes \(milliseconds(lookUp)), so with MaxStartups \(begin):\(rate):\(full) sshd starts to drop "
            + "logins at about \(Int(perSecond)) a second"
        guard perSecond >= Self.usual else {
            return .warn(
                check, finding,
                remedy:
                    "Find out why a look-up takes so long, or raise MaxStartups, a global setting of sshd's.")
        }
        return .ok(check, finding)
    }
}
