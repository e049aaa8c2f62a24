import BuildAPI
import FoundationEssentials
import Logging
import Presentation

/// Finds out who people are: in the store, after bringing it up to date with their source, if there is one.
///
/// It remembers when the source has said something about whom; what it has said is in the store, and so survives the
/// runner. See ``SourceInquiry`` for how the source is asked.
actor PeopleDirectory {
    /// How many seconds people wait for the source. Less than the ten that gateways wait for an answer.
    private static let timeout = 8.0
    /// The same for people about whom an answer still counts.
    ///
    /// Less than the two that `sallyport-lookup` waits; the question goes on without them.
    private static let timeoutWithAnswer = 1.5
    /// A source that has just failed is not asked again for this many seconds.
    private static let pause = 10.0
    /// A key that was nobody's is not asked about again for this many seconds.
    private static let strangerTime = 10.0

    nonisolated let store: any Store
    nonisolated let rules: PeopleRules
    private let inquiry: SourceInquiry
    private let timekeeper: Timekeeper
    private let logger: Logger
    private let audit: RunnerAudit
    /// The people about whom the source has said something new.
    nonisolated let changes: AsyncStream<Person>
    private let changed: AsyncStream<Person>.Continuation

    private var times = AnswerTimes()
    /// Those whose last answer no longer counts, and have been reported.
    private var expired: Set<String> = []
    /// Answers are stored one after the other, so that no older one replaces a newer one.
    private let storing = Gate(1)

    /// - Parameter audit: nil: nobody reads the records.
    init(
        store: any Store, rules: PeopleRules = .init(), _ timekeeper: Timekeeper, logger: Logger,
        audit: RunnerAudit? = nil
    ) {
        self.audit = audit ?? RunnerAudit(timekeeper, logger)
        self.store = store
        self.rules = rules
        self.timekeeper = timekeeper
        self.logger = logger
        inquiry = SourceInquiry(timekeeper)
        (changes, changed) = AsyncStream.makeStream()
    }

    nonisolated var hasSource: Bool { rules.source != nil }

    /// Takes over what an earlier runner has been told. Without a source, nobody could take it back, so it is forgotten.
    func takeOver() async throws(RunnerError) {
        guard hasSource else { return try await store.forgetSourcedPeople() }
        times.takeOver(try await store.sourcedPeople(), at: now)
    }

    // MARK: Looking people up

    /// Whose key it is, for someone who comes.
    nonisolated func key(_ fingerprint: String) async throws(RunnerError) -> Key? {
        guard hasSource else { return try await store.key(fingerprint) }
        let end = timekeeper.now().addingTimeInterval(Self.timeout)
        if let known = try await store.key(fingerprint) {
            guard await update(known.owner.name) else { return try await requireLocal(fingerprint) }
            if let still = try await store.key(fingerprint) { return still }
        }
        let isAnswered = await updateHolder(of: fingerprint, until: end)
        let found = try await store.key(fingerprint)
        if found == nil, !isAnswered { throw Self.silent }
        return found
    }

    /// The same for someone who is here, whom ``refresh(_:every:)`` keeps up to date: it asks nobody.
    nonisolated func presentKey(_ fingerprint: String) async throws(RunnerError) -> Key? {
        let key = try await store.key(fingerprint)
        guard hasSource, let key, await !counts(key.owner.name) else { return key }
        return try await requireLocal(fingerprint)
    }

    /// What is known without the source, whose last answer no longer counts.
    private nonisolated func requireLocal(_ fingerprint: String) async throws(RunnerError) -> Key {
        guard let key = try await store.localKey(fingerprint) else { throw Self.silent }
        return key
    }

    /// Someone who may never have been here.
    ///
    /// - Parameter nameOrID: ids consist of digits only, names never do.
    nonisolated func account(_ nameOrID: String) async throws(RunnerError) -> Account? {
        let known = try await store.account(nameOrID)
        guard hasSource, known == nil, SQLiteStore.isName(nameOrID) else { return known }
        guard await update(nameOrID) else { throw Self.silent }
        return try await store.account(nameOrID)
    }

    private static let silent = RunnerError(
        .peopleUnknown, "The service cannot find out who people are now. Try again in a minute.")

    // MARK: Bringing people up to date

    /// Asks about people who are here, and tells of those about whom nothing that counts is known any more.
    ///
    /// - Parameters:
    ///   - people: their ids.
    ///   - interval: seconds between two such calls.
    func refresh(_ people: Set<String>, every interval: Double) async {
        await withDiscardingTaskGroup { group in
            for id in people {
                guard let person = try? await store.person(id) else { continue }
                if !counts(person.name), expired.insert(person.name).inserted { changed.yield(person) }
                let subject = SourceInquiry.Subject.name(person.name)
                guard !times.isAnswered(subject, within: interval / 2, at: now) else { continue }
                group.addTask { await self.ask(subject, timeout: Self.timeout) }
            }
        }
    }

    private var now: Date { timekeeper.now() }

    /// Whether the last answer about this name still counts. That nobody has the name is an answer, too.
    private func counts(_ name: String) -> Bool {
        times.isAnswered(.name(name), within: rules.stale, at: now)
    }

    /// Returns whether what is known of this name counts.
    private func update(_ name: String) async -> Bool {
        let subject = SourceInquiry.Subject.name(name)
        if times.isAnswered(subject, within: rules.fresh, at: now) { return true }
        if !times.isInTrouble(subject, within: Self.pause, at: now) {
            await ask(subject, timeout: counts(name) ? Self.timeoutWithAnswer : Self.timeout)
        }
        return counts(name)
    }

    /// Returns whether the source has said whose key it is.
    private func updateHolder(of fingerprint: String, until end: Date) async -> Bool {
        let subject = SourceInquiry.Subject.key(fingerprint)
        if times.isAnswered(subject, within: Self.strangerTime, at: now) { return true }
        if times.isInTrouble(subject, within: Self.pause, at: now) { return false }
        await ask(subject, timeout: max(0, end.timeIntervalSince(now)))
        return times.isAnswered(subject, within: Self.strangerTime, at: now)
    }

    private func ask(_ subject: SourceInquiry.Subject, timeout: Double) async {
        guard let source = rules.source else { return }
        await inquiry.ask(subject, timeout: timeout) { [weak self] in
            await self?.inquire(about: subject, at: source)
        }
    }

    // MARK: Answers

    private func inquire(about subject: SourceInquiry.Subject, at source: any PeopleSource) async {
        let moment = now
        do throws(SourceFailure) {
            switch subject {
            case .name(let name):
                let isStranger = times.last(about: subject) == nil
                let person = try await inquiry.turn(subject, isAboutStranger: isStranger) {
                    () async throws(SourceFailure) in
                    try await source.person(named: name)
                }
                try await learn(person, about: name, asked: moment)
            case .key(let fingerprint):
                let holder = try await inquiry.turn(subject, isAboutStranger: true) {
                    () async throws(SourceFailure) in
                    try await source.holder(of: fingerprint)
                }
                switch holder {
                case .person(let person): try await learn(person, about: person.name, asked: moment)
                case .nobody: break
                case .someone(let names): try await askForAll(names)
                }
                times.learned(key: fingerprint, at: now)
            }
            if times.recovered(subject, at: now) { logger.notice("people: the source answers again") }
        } catch {
            guard error != .nobodyWaits, times.failed(subject, at: now) else { return }
            logger.warning(
                "people: no answer about \(subject): \(error.cause); what the source has said before counts for \(Int(rules.stale)) s"
            )
        }
    }

    /// Throws if there is no answer about some of them: a key that nobody else has may be theirs.
    private func askForAll(_ names: [String]) async throws(SourceFailure) {
        let asked = names.filter { !times.isAnswered(.name($0), within: rules.fresh, at: now) }
        await withDiscardingTaskGroup { group in
            for name in asked { group.addTask { _ = await self.update(name) } }
        }
        let silent = asked.filter { !times.isAnswered(.name($0), within: rules.fresh, at: now) }
        guard silent.isEmpty else {
            throw SourceFailure("no answer about \(silent.count) of \(names.count) people")
        }
    }

    private func learn(
        _ person: SourcedPerson?, about name: String, asked moment: Date
    ) async throws(SourceFailure) {
        try await storing.pass { () async throws(SourceFailure) in
            if let last = times.last(about: .name(name)), last > moment { return }
            do throws(RunnerError) {
                let change = try await store.remember(person, about: name, at: moment)
                for person in change.people { changed.yield(person) }
                if !change.people.isEmpty {
                    audit.administration(Self.sentence(person, about: name), about: change.people.first)
                }
                for (fingerprint, holder) in change.contested.sorted(by: { $0.key < $1.key }) {
                    logger.warning(
                        "people: the source names the key \(fingerprint) for \(name), too; it stays \(holder)'s"
                    )
                }
            } catch {
                throw SourceFailure(error.explanation)
            }
            times.learned(name, isSomeone: person != nil, asked: moment)
            expired.remove(name)
        }
    }

    private static func sentence(_ person: SourcedPerson?, about name: String) -> String {
        guard let person else { return "\(name) is nobody any more, says the source of people" }
        let marks =
            (person.isSuspended ? ", suspended" : "") + (person.isAdministrator ? ", administrator" : "")
        return "\(name) has \(person.keys.count.counted("key"))\(marks), says the source of people"
    }
}
