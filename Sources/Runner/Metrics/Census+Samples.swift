import BuildAPI
import ConfigurationFile
import Connections
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
        page.add(RunnerMetric.pairings, pairings.count)
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
        var limit: Limit
        /// The pool in which it counts; empty: it counts in all together.
        var pool = ""
        /// What somebody can have at most.
        var most: Int
        var uses: [Int]

        var labels: [String] { [limit.rawValue, pool] }
        var highest: Int { uses.max() ?? 0 }
        var reached: Int { uses.count { $0 >= most } }
    }

    /// The limits that count something that the runner has in its memory.
    ///
    /// - Parameters:
    ///   - streams: how many each person follows.
    ///   - runningLimit: how many jobs of an owner can run at once in a pool; nil: as many as it has room for.
    func uses(
        of limits: Configuration.Runner.Limits, streams: [Int], runningLimit: (_ pool: String) -> Int?
    ) -> [Use] {
        let own = members.filter { !$0.pool.isEmpty }
        let sessions = members.flatMap { $0.job.sessions.map(\.person.id) }
        return attachedUses(of: limits) + [
            Use(
                limit: .keptPerOwner, most: limits.keptPerOwner,
                uses: perParty(own.map(\.job).filter { $0.builder?.state == .kept }.map(\.owner.id))),
            Use(
                limit: .queuedPerOwner, most: limits.queuedPerOwner,
                uses: perParty(own.map(\.job).filter { $0.shownState == "waiting" }.map(\.owner.id))),
            Use(limit: .sessionsPerPerson, most: limits.sessionsPerPerson, uses: perParty(sessions)),
            Use(limit: .streamsPerPerson, most: limits.streamsPerPerson, uses: streams),
        ]
            + names.compactMap { pool in
                runningLimit(pool).map {
                    Use(limit: .runningPerOwner, pool: pool, most: $0, uses: perParty(running(in: pool)))
                }
            }
    }

    /// None where no machine can attach itself, or none can wait for somebody to adopt it.
    private func attachedUses(of limits: Configuration.Runner.Limits) -> [Use] {
        guard limits.attachments > 0 else { return [] }
        let attachments = [
            Use(limit: .attachments, most: limits.attachments, uses: [attached.count]),
            Use(
                limit: .attachmentsPerOwner, most: limits.attachmentsPerOwner,
                uses: perParty(attached.map(\.owner.id))),
            Use(
                limit: .attachmentsPerAddress, most: limits.attachmentsPerAddress,
                uses: perParty(
                    attached.compactMap(\.attached).map { AddressBlock($0.from, bytesOfIPv4: 4) })),
        ]
        guard limits.pairing else { return attachments }
        return attachments + [
            Use(limit: .pairings, most: limits.pairings, uses: [pairings.count]),
            Use(limit: .pairingsPerAddress, most: limits.pairingsPerAddress, uses: perParty(pairings)),
        ]
    }

    /// The owners of the jobs that run in a pool, as ``OwnersBuilders`` counts them.
    private func running(in pool: String) -> [String] {
        members.filter { member in
            member.pool == pool && member.hasSlot && !member.job.status.isFinal
                && member.job.builder?.state != .kept
        }.map(\.job.owner.id)
    }

    /// - Parameter parties: people, groups or addresses, one for each thing that they have.
    private func perParty(_ parties: [some Hashable]) -> [Int] {
        Array(parties.reduce(into: [:]) { $0[$1, default: 0] += 1 }.values)
    }
}
