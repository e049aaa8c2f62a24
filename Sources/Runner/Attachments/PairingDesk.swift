import BuildAPI
import ConfigurationFile
import Connections
import FoundationEssentials
import Presentation

/// The machines that are nobody's until somebody enters their codes: no I/O, no clock, and nothing of it is ever stored.
///
/// A code that is wrong, late, used or for somebody else is one and the same to whoever enters it, and counts.
struct PairingDesk: Sendable {
    struct Entry: Sendable {
        /// 32 hexadecimal digits, which its attachment will have too.
        let id: String
        let code: PairingCode
        let machine: NewMachine
        /// When the machine's CI ends it.
        let until: Date?
        /// When the code is no longer good.
        let expires: Date
        /// When the gateway has been silent for too long.
        fileprivate var leaseEnd: Date
        /// Somebody has entered the code, and their job is being stored.
        fileprivate var isTaken = false
    }

    /// Seconds for which a code is good.
    static let time = 300.0
    private static let hour = 3600.0
    /// Seconds for which the gateway can learn that a machine's time has passed.
    private static let memory = 300.0

    private let limits: Configuration.Runner.Limits
    let lease: UInt32
    private var entries: [String: Entry] = [:]
    /// Those that have passed or are somebody's, by their ids.
    private var passed: [String: (isTheirs: Bool, forgotten: Date)] = [:]
    private var comers: RateLimit
    private var guesses: RateLimit
    private var allGuesses: RateLimit

    /// - Parameter lease: seconds without a renewal after which a machine is gone.
    init(_ limits: Configuration.Runner.Limits, lease: UInt32) {
        self.limits = limits
        self.lease = lease
        comers = RateLimit(limits.pairingsPerHour, in: Self.hour)
        guesses = RateLimit(limits.wrongCodesPerPerson, in: Self.hour)
        allGuesses = RateLimit(limits.wrongCodes, in: Self.hour)
    }

    // MARK: For gateways

    /// A machine comes. If it is here already, its connection was lost, and the code that it has had is dead.
    mutating func add(_ machine: NewMachine, until: Date?, at now: Date) throws(RunnerError) -> Entry {
        sweep(at: now)
        for entry in entries.values where !entry.isTaken && entry.machine.isSame(as: machine) {
            remove(entry.id)
        }
        guard entries.count < limits.pairings else {
            throw Self.tooMany(
                .pairings, limits.pairings,
                "\(entries.count.counted("machine")) wait here for somebody to adopt them, which is the limit of this service: try again in a few minutes, or ask the administrator to raise it (pairings)."
            )
        }
        guard entries.values.count(where: { $0.machine.block == machine.block }) < limits.pairingsPerAddress
        else {
            throw Self.tooMany(
                .pairingsPerAddress, limits.pairingsPerAddress,
                "\(limits.pairingsPerAddress.counted("machine")) from the address \(machine.from) wait for somebody to adopt them, which is the limit for one address: try again in a few minutes."
            )
        }
        // However many addresses somebody has, the others find a place.
        guard
            entries.count < (limits.pairings + 1) / 2
                || !entries.values.contains(where: { $0.machine.network == machine.network })
        else {
            throw Self.tooMany(
                .pairings, limits.pairings,
                "\(entries.count.counted("machine")) wait here for somebody to adopt them, and of those some from the network of \(machine.from): the other places are for networks that have none. Try again in a few minutes, or ask the administrator to raise the limit (pairings)."
            )
        }
        if let seconds = comers.take(of: machine.block.hexadecimal, at: now) {
            throw RunnerError(
                .tooOften(
                    .init(what: "waiting machines in an hour", limit: limits.pairingsPerHour),
                    seconds: seconds),
                "More than \(limits.pairingsPerHour.counted("machine")) an hour from the address \(machine.from) want somebody to adopt them, which is the limit for one address: try again in \(SpokenDuration.words(Double(seconds))).",
                limit: .pairingsPerHour)
        }
        var code = PairingCode()
        while entries.values.contains(where: { $0.code == code }) { code = PairingCode() }
        let entry = Entry(
            id: MachineAttachment.newID(), code: code, machine: machine, until: until,
            expires: now.addingTimeInterval(Self.time), leaseEnd: now.addingTimeInterval(Double(lease)))
        entries[entry.id] = entry
        return entry
    }

    /// The machine is still there. Throws `gone` if its time has passed, and `notFound` if it is unknown.
    mutating func renew(_ id: String, at now: Date) throws(RunnerError) -> Entry {
        sweep(at: now)
        guard var entry = entries[id] else {
            guard let passed = passed[id] else {
                throw RunnerError(.notFound, "No such machine waits here for somebody to adopt it.")
            }
            throw RunnerError(
                .gone,
                passed.isTheirs
                    ? "Somebody has adopted this machine, and their job has ended."
                    : "Nobody has adopted this machine in time.")
        }
        entry.leaseEnd = now.addingTimeInterval(Double(lease))
        entries[id] = entry
        return entry
    }

    /// The machine has left.
    mutating func remove(_ id: String) { entries[id] = nil }

    /// Where the machines that wait are.
    func blocks(at now: Date) -> [AddressBlock] {
        entries.values.filter { $0.expires > now && $0.leaseEnd > now }.map(\.machine.block)
    }

    // MARK: For people

    /// Somebody has entered a code: nobody else gets the machine, until it is ``settle(_:isTheirs:at:)``d.
    mutating func take(_ entered: String, by person: Person, at now: Date) throws(RunnerError) -> Entry {
        sweep(at: now)
        try countGuess(of: person, at: now)
        let code = PairingCode(entered: entered)
        guard let entry = entries.values.first(where: { $0.code == code && !$0.isTaken && $0.isFor(person) })
        else {
            throw RunnerError(
                .notFound,
                "No machine waits with this code. A code is good once, for five minutes, and can be for one person only."
            )
        }
        guesses.giveBack(of: person.id)
        allGuesses.giveBack(of: Self.everybody)
        entries[entry.id]?.isTaken = true
        return entry
    }

    /// What has become of a machine whose code was entered.
    ///
    /// - Parameter isTheirs: whether it is a job now; otherwise the code is good again.
    /// - Returns: whether the machine is still there.
    @discardableResult
    mutating func settle(_ id: String, isTheirs: Bool, at now: Date) -> Bool {
        guard entries[id] != nil else { return false }
        entries[id]?.isTaken = false
        if isTheirs { pass(id, isTheirs: true, at: now) }
        return true
    }

    private static let everybody = ""

    private mutating func countGuess(of person: Person, at now: Date) throws(RunnerError) {
        if let seconds = guesses.take(of: person.id, at: now) {
            throw RunnerError(
                .tooOften(
                    .init(what: "wrong codes in an hour", limit: limits.wrongCodesPerPerson), seconds: seconds
                ),
                "\(person.name) has entered too many wrong codes: try again in \(SpokenDuration.words(Double(seconds))).",
                limit: .wrongCodesPerPerson)
        }
        if let seconds = allGuesses.take(of: Self.everybody, at: now) {
            guesses.giveBack(of: person.id)
            throw RunnerError(
                .tooOften(
                    .init(what: "wrong codes in an hour, of all people", limit: limits.wrongCodes),
                    seconds: seconds),
                "Too many wrong codes were entered here: try again in \(SpokenDuration.words(Double(seconds))).",
                limit: .wrongCodes)
        }
    }

    // MARK: Time

    private mutating func sweep(at now: Date) {
        passed = passed.filter { $0.value.forgotten > now }
        for entry in entries.values where !entry.isTaken {
            if entry.expires <= now {
                pass(entry.id, isTheirs: false, at: now)
            } else if entry.leaseEnd <= now {
                remove(entry.id)
            }
        }
    }

    private mutating func pass(_ id: String, isTheirs: Bool, at now: Date) {
        entries[id] = nil
        passed[id] = (isTheirs, now.addingTimeInterval(Self.memory))
    }

    private static func tooMany(_ limit: Limit, _ most: Int, _ sentence: String) -> RunnerError {
        RunnerError(.tooMany(.init(what: "waiting machines", limit: most)), sentence, limit: limit)
    }
}

extension PairingDesk.Entry {
    /// Whether that person can have it.
    func isFor(_ person: Person) -> Bool {
        machine.member.map { $0 == person.name || $0 == person.id } ?? true
    }
}
