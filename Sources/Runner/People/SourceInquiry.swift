import FoundationEssentials

/// Questions to a source: one at a time about each name or key, and few at once.
///
/// Those who ask share the question that is on its way. They wait only so long; the question goes on without them.
actor SourceInquiry {
    /// What is asked about.
    enum Subject: Hashable, Sendable, CustomStringConvertible {
        case name(String)
        /// A fingerprint.
        case key(String)

        var description: String {
            switch self {
            case .name(let name): name
            case .key(let fingerprint): "the key \(fingerprint)"
            }
        }
    }

    private struct Waiting {
        let continuation: CheckedContinuation<Void, Never>
        let alarm: Task<Void, Never>
    }

    /// The most at once.
    static let atOnce = 8
    /// The most of them about names and keys that nobody is known to have: anyone can offer as many as they like.
    static let aboutStrangers = 4

    /// The most of these that wait for their turn.
    static let strangersInLine = 64

    private let timekeeper: Timekeeper
    private let all = Gate(atOnce)
    private let strangers = Gate(aboutStrangers)
    /// Those who wait, by number, for each question on its way.
    private var questions: [Subject: [Int: Waiting]] = [:]
    private var last = 0
    private var strangersOnTheirWay = 0

    init(_ timekeeper: Timekeeper) {
        self.timekeeper = timekeeper
    }

    /// Returns when the question has been answered, or when the time is over.
    ///
    /// - Parameters:
    ///   - timeout: seconds.
    ///   - inquire: asks, unless that question is already on its way.
    func ask(
        _ subject: Subject, timeout: Double, _ inquire: @escaping @Sendable () async -> Void
    ) async {
        if questions[subject] == nil {
            questions[subject] = [:]
            Task {
                await inquire()
                finish(subject)
            }
        }
        last += 1
        let number = last
        let moment = timekeeper.now().addingTimeInterval(timeout)
        await withCheckedContinuation { continuation in
            let alarm = Task { [weak self, timekeeper] in
                guard (try? await timekeeper.wait(moment)) != nil else { return }
                await self?.giveUp(subject, number)
            }
            questions[subject]?[number] = Waiting(continuation: continuation, alarm: alarm)
        }
    }

    /// Does it when fewer than the most at once are on their way, if someone still waits for it then.
    ///
    /// - Parameter isAboutStranger: whether the source has never said anything about this name or key.
    func turn<Value>(
        _ subject: Subject, isAboutStranger: Bool,
        _ body: @Sendable () async throws(SourceFailure) -> Value
    ) async throws(SourceFailure) -> Value {
        guard isAboutStranger else {
            return try await all.pass { () async throws(SourceFailure) in try await ifWanted(subject, body) }
        }
        guard strangersOnTheirWay < Self.aboutStrangers + Self.strangersInLine else {
            throw SourceFailure("too many questions about keys and names that nobody has")
        }
        strangersOnTheirWay += 1
        defer { strangersOnTheirWay -= 1 }
        return try await strangers.pass { () async throws(SourceFailure) in
            try await all.pass { () async throws(SourceFailure) in try await ifWanted(subject, body) }
        }
    }

    private func ifWanted<Value>(
        _ subject: Subject, _ body: @Sendable () async throws(SourceFailure) -> Value
    ) async throws(SourceFailure) -> Value {
        guard questions[subject]?.isEmpty == false else { throw .nobodyWaits }
        return try await body()
    }

    private func finish(_ subject: Subject) {
        for waiting in (questions.removeValue(forKey: subject) ?? [:]).values {
            waiting.alarm.cancel()
            waiting.continuation.resume()
        }
    }

    private func giveUp(_ subject: Subject, _ number: Int) {
        questions[subject]?.removeValue(forKey: number)?.continuation.resume()
    }
}
