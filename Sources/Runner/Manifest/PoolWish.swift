import BuildAPI
import Presentation

/// What a job asks of its builder's pool; nil: anything.
struct PoolWish: Equatable, Sendable {
    var pool: String?
    var arch: Architecture?

    /// Why no pool can fulfil it. Each sentence says what there is.
    struct Refusal: Error, Equatable {
        /// By its key in a manifest, and its parameter.
        enum Part: String { case pool, arch }

        /// What cannot be fulfilled.
        var part: Part
        /// Without a full stop at its end.
        var sentence: String
    }
}

extension ManifestPools {
    /// The pool that the job goes to.
    ///
    /// A pool that is named must not contradict the architecture; whether one that does not say what it has can fulfil it,
    /// its allocator knows. For an architecture alone: the pool that is chosen without a wish if it has it; otherwise the
    /// first that has it and a free builder; otherwise the first that has it.
    func choose(_ wish: PoolWish) throws(PoolWish.Refusal) -> Pool {
        if let name = wish.pool {
            guard let pool = self[name] else {
                let quoted = HostileText.printable(name, limit: 64)
                throw .init(part: .pool, sentence: "there is no pool \"\(quoted)\"; \(known)")
            }
            guard let arch = wish.arch, !pool.architectures.isEmpty, !pool.architectures.contains(arch)
            else { return pool }
            throw .init(
                part: .arch,
                sentence: "the pool \(name) has no \(arch), only \(pool.architectures.spoken); \(known)")
        }
        guard let arch = wish.arch else {
            if let pool = preferred.flatMap({ self[$0] }) { return pool }
            throw .init(part: .pool, sentence: "missing; a manifest must name a pool (\(known))")
        }
        let fitting = all.filter { $0.architectures.contains(arch) }
        guard
            let pool = fitting.first(where: { $0.name == preferred }) ?? fitting.first(where: \.isFree)
                ?? fitting.first
        else { throw .init(part: .arch, sentence: "no pool has the architecture \(arch); \(known)") }
        return pool
    }

    /// Throws if no manifest can go with this wish.
    func check(_ wish: PoolWish) throws(RunnerError) {
        guard wish != PoolWish() else { return }
        // The manifest can name a pool of which only its allocator knows what it has.
        guard wish.pool != nil || !all.contains(where: \.architectures.isEmpty) else { return }
        do throws(PoolWish.Refusal) {
            _ = try choose(wish)
        } catch {
            throw RunnerError([ManifestFault(key: error.part.rawValue, sentence: error.sentence)])
        }
    }

    /// `there are: local (x86_64), lab`
    private var known: String {
        let pools = all.map { pool in
            pool.name + (pool.architectures.isEmpty ? "" : " (\(pool.architectures.spoken))")
        }
        return "there are: \(pools.joined(separator: ", "))"
    }
}
