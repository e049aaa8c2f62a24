import BuildAPI
import FoundationEssentials
import Presentation

/// Pools for people: a line about each one's builders, and lines about what it is and why there is nothing.
struct PoolText {
    private let pools: [BuilderPool]
    private let now: Date

    init(_ pools: [BuilderPool], at now: Date = .now) {
        self.pools = pools
        self.now = now
    }

    var text: String {
        let rows = pools.map { [name($0), architectures($0), room($0)] }
        let widths = [0, 1].map { column in rows.map { $0[column].count }.max() ?? 0 }
        return zip(pools, rows).map { pool, row in
            let head = "\(row[0].padded(to: widths[0]))  \(row[1].padded(to: widths[1]))  \(row[2])"
            return String(head.reversed().drop { $0 == " " }.reversed()) + "\n"
                + remarks(pool).map { "    \($0)\n" }.joined()
        }.joined()
    }

    private func name(_ pool: BuilderPool) -> String { HostileText.printable(pool.name, limit: 40) }

    private func architectures(_ pool: BuilderPool) -> String {
        let words = pool.arch ?? []
        return words.isEmpty ? "-" : HostileText.printable(words.joined(separator: ", "), limit: 60)
    }

    private func room(_ pool: BuilderPool) -> String {
        let free = pool.free.map { free in pool.max.map { "\(free) of \($0) free" } ?? "\(free) free" }
        return [free, pool.isDefault == true ? "the default" : nil].compactMap(\.self).joined(separator: ", ")
    }

    private func remarks(_ pool: BuilderPool) -> [String] {
        [
            pool.description.map { HostileText.printable($0, limit: BuilderPool.longestText) },
            obstacle(pool), refusal(pool),
            pool.firstUse == true
                ? "host keys can be those that a machine shows first: nobody vouches for them" : nil,
        ].compactMap(\.self)
    }

    /// Why a job would have to wait.
    private func obstacle(_ pool: BuilderPool) -> String? {
        let waiting = pool.waiting ?? 0
        let jobs = waiting == 0 ? nil : "\(waiting.counted("job")) \(waiting == 1 ? "waits" : "wait")"
        let full: String? =
            switch (pool.free, pool.max) {
            case (_, 0?): "no builders at the moment"
            case (0?, let max?): "full: \(max) of \(max) in use"
            case (0?, nil): "full"
            default: nil
            }
        let words = [full, jobs].compactMap(\.self)
        return words.isEmpty ? nil : words.joined(separator: ", ")
    }

    private func refusal(_ pool: BuilderPool) -> String? {
        guard let refusal = pool.refusal else { return nil }
        let again = refusal.again.map { moment in
            moment > now ? "; asked again in \(TimeLeft.text(until: moment, from: now))" : "; asked again now"
        }
        return "not now: \(HostileText.printable(refusal.detail, limit: 200))\(again ?? "")"
    }
}
