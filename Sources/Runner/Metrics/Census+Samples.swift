import BuildAPI
import ConfigurationFile
import FoundationEssentials
import PrometheusMetrics

/// A census in numbers. Nobody is named.
extension Census {
    func add(to page: inout Exposition) {
        page.add(RunnerMetric.jobs, perPool(Job.shownStates) { $0.shownState })
        addPools(to: &page)
        page.add(
            RunnerMetric.builders,
            perPool(Job.Builder.State.allCases.map(\.rawValue)) {
                $0.builder?.state.rawValue
            })
        page.add(
            RunnerMetric.uncertifiedBuilders,
            count(
                members.filter { $0.job.builder?.certified == false }.map { [$0.pool] },
                or: names.map { [$0] }))
        page.add(
            RunnerMetric.claims,
            count(
                members.flatMap { $0.job.sessions.map { [$0.kind.rawValue] } },
                or: Claim.Kind.allCases.map { [$0.rawValue] }))
        page.add(
            RunnerMetric.attachedMachines,
            count(
                attached.map { [$0.attached?.away == true ? "away" : "connected"] },
                or: [["away"], ["connected"]]))
        page.add(RunnerMetric.pairings, pairings)
    }

    private func addPools(to page: inout Exposition) {
        func samples(_ value: (BuilderPool) -> Int?) -> [Sample] {
            pools.compactMap { pool in value(pool).map { Sample(pool.name, value: $0) } }
        }
        page.add(RunnerMetric.slots, samples(\.max))
        page.add(RunnerMetric.freeSlots, samples(\.free))
        page.add(RunnerMetric.waitingJobs, samples(\.waiting))
        page.add(
            RunnerMetric.longestWait, names.map { Sample($0, value: longestWait(in: $0)) })
        page.add(RunnerMetric.refusingPools, samples { $0.refusal == nil ? 0 : 1 })
    }

    private var names: [String] { pools.map(\.name) }

    private var attached: [Job] {
        members.filter { $0.pool.isEmpty && $0.job.attached != nil }.map(\.job)
    }

    /// Seconds.
    private func longestWait(in pool: String) -> Double {
        let since = members.filter { $0.pool == pool && $0.job.shownState == "waiting" }
            .compactMap(\.job.created).min()
        return since.map { max(0, moment.timeIntervalSince($0)) } ?? 0
    }

    /// How many there are of each in each pool; of attached machines, which have none, only what there is.
    private func perPool(_ states: [String], _ state: (Job) -> String?) -> [Sample] {
        let found = members.compactMap { member in state(member.job).map { [member.pool, $0] } }
        return count(found, or: names.flatMap { name in states.map { [name, $0] } })
    }

    /// - Parameter expected: what is shown even if there is none.
    private func count(_ found: [[String]], or expected: [[String]]) -> [Sample] {
        var counts = Dictionary(expected.map { ($0, 0) }, uniquingKeysWith: { one, _ in one })
        for labels in found { counts[labels, default: 0] += 1 }
        return counts.map { Sample(labels: $0.key, value: Double($0.value)) }
    }

    // MARK: Limits

    /// A limit, and what everyone who has some of it has.
    struct Use: Equatable {
        /// As in the configuration.
        var name: String
        var limit: Int
        var uses: [Int]

        var highest: Int { uses.max() ?? 0 }
        var reached: Int { uses.count { $0 >= limit } }
    }

    /// - Parameter streams: how many each person follows.
    func uses(of limits: Configuration.Runner.Limits, streams: [Int]) -> [Use] {
        let own = members.filter { !$0.pool.isEmpty }.map(\.job)
        return [
            Use(name: "attachments", limit: limits.attachments, uses: [attached.count]),
            Use(
                name: "attachments_per_owner", limit: limits.attachmentsPerOwner,
                uses: perParty(attached.map(\.owner.id))),
            Use(name: "pairings", limit: limits.pairings, uses: [pairings]),
            Use(
                name: "kept_per_owner", limit: limits.keptPerOwner,
                uses: perParty(own.filter { $0.builder?.state == .kept }.map(\.owner.id))),
            Use(
                name: "queued_per_owner", limit: limits.queuedPerOwner,
                uses: perParty(own.filter { $0.shownState == "waiting" }.map(\.owner.id))),
            Use(
                name: "sessions_per_person", limit: limits.sessionsPerPerson,
                uses: perParty(members.flatMap { $0.job.sessions.map(\.person.id) })),
            Use(name: "streams_per_person", limit: limits.streamsPerPerson, uses: streams),
        ]
    }

    /// - Parameter ids: of people or groups, one for each thing that they have.
    private func perParty(_ ids: [String]) -> [Int] {
        Array(ids.reduce(into: [:]) { $0[$1, default: 0] += 1 }.values)
    }
}
